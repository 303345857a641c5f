// The operations of shared/vectors/README.md, over this folder's own implementation. Each takes the fields that a vector
// gives, by their names, and returns those that must come out.
import { bytes16, equal, join, refuseUnless, split, u64, u8, utf8 } from './bytes.mjs';
import { derive, domain, hash, openBytes, opened, pad, padded, sealBytes, sodium, unpad, verify } from './conventions.mjs';
import { makeEnvelope, makeHeader, parseEnvelope, TOPIC } from './envelope.mjs';
import { checkBox, device, parseRecord, shared } from './identity.mjs';
import * as keyring from './keyring.mjs';
import * as seal from './seal.mjs';

const text = (bytes) => new TextDecoder().decode(bytes);

const wire = {
  hash: ({ purpose, data }) => ({ hash: hash(domain(text(purpose)), data) }),
  derive: ({ secret, purpose, data }) => ({ key: derive(secret, text(purpose), data) }),
  'general-topic': ({ mesh }) => ({ topic: hash(domain('general'), mesh) }),
  'message-id': ({ mesh, device: id, counter }) => ({ id: hash(domain('message-id'), mesh, id, u64(counter)).subarray(0, 16) }),
  'hello-bytes': ({ nonce, mesh, device: id, session, one_shot, origin }) => ({
    bytes: join(domain('hello'), nonce, mesh, id, session, u8(one_shot), bytes16(origin)),
  }),
  envelope({ envelope }) {
    const e = parseEnvelope(envelope);
    return { ...e, recipients: join(...e.recipients), devices: join(...e.stanzas.map(({ device: id }) => id)), stanzas: undefined };
  },
  filter({ envelope, device: id }) {
    const e = parseEnvelope(envelope);
    return { filtered: makeEnvelope({ ...e, stanzas: e.stanzas.filter((stanza) => equal(stanza.device, id)).map(({ bytes }) => bytes) }) };
  },
};

const identity = {
  device({ private: secret }) {
    const { signKey, box, record, id } = device(secret);
    return { sign: signKey, box, record, id };
  },
  record({ record }) {
    const { signKey, box, id } = parseRecord(record);
    return { sign: signKey, box, id };
  },
  'shared-key': ({ private: secret, box }) => ({ key: shared(device(secret), box) }),
  sign: ({ private: secret, purpose, data }) => ({ signature: device(secret).sign(join(domain(text(purpose)), data)) }),
  verify({ sign, purpose, data, signature }) {
    verify(sign, join(domain(text(purpose)), data), signature);
    return {};
  },
};

const header = ({ priority, epoch, counter, expires }, recipients) => ({ priority, epoch, counter, expires, recipients });

const sealed = {
  'padded-size': ({ length }) => ({ size: padded(length) }),
  pad: ({ data }) => ({ padded: pad(data) }),
  unpad: (given) => ({ data: unpad(given.padded) }),
  'seal-bytes': ({ key, nonce, plain }) => ({ sealed: sealBytes(plain, nonce, key) }),
  'open-bytes': (given) => ({ plain: openBytes(given.sealed, given.key) }),
  'seal-direct'(given) {
    const devices = split(given.devices, 65).map(parseRecord);
    const own = device(given.private);
    const stanzaNonces = split(given.stanza_nonces, 24);
    return { envelope: seal.sealDirect({ ...given, own, header: header(given, split(given.recipients, 32)), devices, stanzaNonces }) };
  },
  'open-direct': (given) => ({ message: seal.openDirect({ ...given, sender: parseRecord(given.sender), own: device(given.private) }) }),
  'topic-bytes': (given) => ({
    bytes: seal.topicBytes({ ...given, sender: parseRecord(given.sender).id, header: makeHeader({ ...header(given, [given.topic]), kind: TOPIC }) }),
  }),
  'seal-topic': (given) => ({ envelope: seal.sealTopic({ ...given, own: device(given.private), header: header(given, [given.topic]) }) }),
  'open-topic': (given) => ({ message: seal.openTopic({ ...given, sender: parseRecord(given.sender) }) }),
  'seal-card': (given) => ({ card: seal.sealCard({ ...given, own: device(given.private) }) }),
  'open-card': (given) => seal.openCard({ ...given, sender: parseRecord(given.sender) }),
  'open-anonymous'(given) {
    const own = device(given.private);
    refuseUnless(given.sealed.length >= 48, 'bad_body', 'too short to be sealed');
    checkBox(given.sealed.subarray(0, 32));
    return { plain: opened('bad_body', () => sodium.crypto_box_seal_open(given.sealed, own.box, own.scalar)) };
  },
};

// name opens a sealed name, and where the vector gives what is inside, seals it again.
function name(of) {
  return ({ root, epoch, sealed: field, json, nonce }) => {
    const value = keyring.openName(of, root, epoch, field);
    if (!equal(sealBytes(json, nonce, keyring.nameKey(of, root, epoch)), field)) throw new Error('sealed again it is something else');
    return Object.fromEntries(Object.entries(value).map(([field, v]) => [field, utf8(Array.isArray(v) ? v.join('\n') : v)]));
  };
}

const rings = {
  keys: ({ root, epoch, topic }) => ({
    commitment: keyring.meshKey(root, 'commit', epoch),
    name_key: keyring.meshKey(root, 'name', epoch),
    profile_key: keyring.meshKey(root, 'profile', epoch),
    card_key: keyring.meshKey(root, 'card', epoch),
    topic_key: keyring.meshKey(root, 'topic', epoch, topic),
    previous_key: keyring.meshKey(root, 'previous-root', epoch),
  }),
  'check-root'({ root, epoch, commitment }) {
    keyring.checkRoot(root, epoch, commitment);
    return {};
  },
  'mesh-name': name('mesh-name'),
  'topic-name': name('topic-name'),
  profile: name('profile'),
  wrap: (given) => ({ box: keyring.wrap({ ...given, own: device(given.private), device: parseRecord(given.device) }) }),
  unwrap: (given) => ({ root: keyring.unwrap({ ...given, own: device(given.private), author: parseRecord(given.author) }) }),
  'wrap-previous': (given) => ({ wrapped: keyring.wrapPrevious(given) }),
  'unwrap-previous': (given) => ({ previous: keyring.unwrapPrevious(given) }),
};

// Operations that are about neither keys nor what is sealed; the Go tests run their vectors.
const elsewhere = {
  wire: ['origin', 'next-generation', 'next-position', 'frame', 'send', 'cursor', 'deliver', 'accepted', 'delivered', 'statement', 'resume', 'bye', 'json'],
  identity: ['after-curve'], // a step inside libsodium's crypto_box_beforenm
};

export const FOLDERS = Object.entries({ wire, identity, seal: sealed, keyring: rings }).map(([folder, operations]) => ({
  folder,
  operations,
  elsewhere: elsewhere[folder] ?? [],
}));

// Fields that hold a decimal number; every other field holds bytes.
export const NUMBERS = new Set(['counter', 'epoch', 'expires', 'kind', 'length', 'one_shot', 'priority', 'size', 'version']);
