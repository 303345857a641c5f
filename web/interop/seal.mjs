// Sections 5 and 10: direct and topic envelopes, cards.
import { equal, join, Reader, refuseUnless, u32, u64 } from './bytes.mjs';
import { derive, domain, hash, openBytes, openSecretbox, pad, sealBytes, secretbox, unpad, verify } from './conventions.mjs';
import { DIRECT, makeEnvelope, makeHeader, parseEnvelope, TOPIC } from './envelope.mjs';
import { makeBox, openBox, shared } from './identity.mjs';

const context = (mesh, sender, { header, commitment, nonce, ciphertext }) =>
  hash(domain('context'), mesh, sender, header, commitment, nonce, ciphertext);

const inStanza = (sender, receiver, key, hashed) => join(domain('stanza'), sender, receiver, key, hashed);

// sealDirect seals to devices (their records' public halves), which ascend by id.
export function sealDirect({ mesh, own, header, devices, key, nonce, stanzaNonces, message }) {
  const e = {
    header: makeHeader({ ...header, kind: DIRECT }),
    commitment: derive(key, 'envelope-commit'),
    nonce,
    ciphertext: secretbox(pad(message), nonce, key),
  };
  const hashed = context(mesh, own.id, e);
  e.stanzas = devices.map((device, i) => {
    const box = makeBox(inStanza(own.id, device.id, key, hashed), stanzaNonces[i], shared(own, device.box));
    return join(device.id, stanzaNonces[i], box);
  });
  return makeEnvelope(e);
}

export function openDirect({ mesh, sender, own, envelope }) {
  const e = parseEnvelope(envelope);
  refuseUnless(e.kind === DIRECT, 'unknown_kind', 'not direct');
  const stanza = e.stanzas.find(({ device }) => equal(device, own.id));
  refuseUnless(stanza, 'bad_stanza', 'no stanza for this device');
  const inner = openBox('bad_stanza', stanza.box, stanza.nonce, shared(own, sender.box));
  const key = inner.subarray(-64, -32);
  refuseUnless(equal(inner, inStanza(sender.id, own.id, key, context(mesh, sender.id, e))), 'bad_stanza', 'made for another envelope');
  refuseUnless(equal(derive(key, 'envelope-commit'), e.commitment), 'bad_stanza', 'another key than committed');
  return unpad(openSecretbox(e.ciphertext, e.nonce, key));
}

export function topicBytes({ mesh, sender, header, nonce, message }) {
  return join(domain('topic-message'), hash(domain('topic-context'), mesh, sender, header, nonce), message);
}

export function sealTopic({ mesh, own, header, nonce, key, message }) {
  const bytes = makeHeader({ ...header, kind: TOPIC });
  const signature = own.sign(topicBytes({ mesh, sender: own.id, header: bytes, nonce, message }));
  return makeEnvelope({ header: bytes, nonce, ciphertext: secretbox(pad(join(message, signature)), nonce, key) });
}

export function openTopic({ mesh, sender, key, envelope }) {
  const e = parseEnvelope(envelope);
  refuseUnless(e.kind === TOPIC, 'unknown_kind', 'not to a topic');
  const [message, signature] = signed(unpad(openSecretbox(e.ciphertext, e.nonce, key)));
  verify(sender.signKey, topicBytes({ mesh, sender: sender.id, header: e.header, nonce: e.nonce, message }), signature);
  return message;
}

function signed(bytes) {
  refuseUnless(bytes.length >= 64, 'bad_body', 'too short to be signed');
  return [bytes.subarray(0, -64), bytes.subarray(-64)];
}

const cardBytes = ({ mesh, device, session, version, json }) => join(domain('card'), mesh, device, session, u64(version), json);

export function sealCard({ mesh, own, session, version, epoch, key, nonce, json }) {
  const signature = own.sign(cardBytes({ mesh, device: own.id, session, version, json }));
  return join(u32(epoch), sealBytes(join(json, signature), nonce, key));
}

export function openCard({ mesh, sender, session, version, key, card }) {
  refuseUnless(card.length <= 8192, 'too_large', 'over 8 KiB');
  const reader = new Reader(card);
  const epoch = reader.small(4);
  refuseUnless(epoch >= 1 && reader.left >= 40, 'malformed', 'cut short or without epoch');
  const [json, signature] = signed(openBytes(reader.take(reader.left), key));
  verify(sender.signKey, cardBytes({ mesh, device: sender.id, session, version, json }), signature);
  return { epoch, json };
}
