// Section 5: the bytes of an envelope.
import { ascends, bytes32, join, Reader, refuseUnless, split, u16, u32, u64, u8 } from './bytes.mjs';
import { NONCE } from './conventions.mjs';

const BOX = 165;
const STANZA = 32 + NONCE + BOX;
export const DIRECT = 1;
export const TOPIC = 2;

export function makeHeader({ kind, priority, epoch, counter, expires, recipients }) {
  return join(u8(1), u8(kind), u8(priority), u8(0), u32(epoch), u64(counter), u64(expires), u16(recipients.length), ...recipients);
}

export function makeEnvelope({ header, commitment = new Uint8Array(0), nonce, stanzas = [], ciphertext }) {
  return join(header, commitment, nonce, u16(stanzas.length), ...stanzas, bytes32(ciphertext));
}

export function parseEnvelope(bytes) {
  refuseUnless(bytes.length <= 2 ** 20, 'too_large', 'over 1 MiB');
  const reader = new Reader(bytes);
  const [suite, kind, priority, flags] = reader.take(4);
  const epoch = reader.small(4);
  const counter = reader.number(8);
  const expires = reader.number(8);
  const count = reader.small(2);
  refuseUnless(suite === 1, 'unsupported', 'another suite');
  refuseUnless(kind === DIRECT || kind === TOPIC, 'malformed', 'another kind');
  refuseUnless(priority <= 2 && flags === 0, 'malformed', 'another priority or flag');
  refuseUnless(epoch >= 1 && counter >= 1n && counter < 2n ** 53n, 'malformed', 'an epoch or counter out of range');
  refuseUnless(count >= 1 && count <= (kind === TOPIC ? 1 : 64), 'malformed', 'too few or many recipients');
  const recipients = split(reader.take(32 * count), 32);
  refuseUnless(ascends(recipients), 'malformed', 'recipients out of order');
  refuseUnless(count * bytes.length <= 8 * 2 ** 20, 'too_large', 'recipients × size over 8 MiB');
  const header = reader.soFar();
  const commitment = reader.take(kind === DIRECT ? 32 : 0);
  const nonce = reader.take(NONCE);
  const stanzaCount = reader.small(2);
  refuseUnless(kind === DIRECT || stanzaCount === 0, 'malformed', 'a stanza to a topic');
  const stanzas = split(reader.take(STANZA * stanzaCount), STANZA).map((stanza) => ({
    device: stanza.subarray(0, 32),
    nonce: stanza.subarray(32, 32 + NONCE),
    box: stanza.subarray(32 + NONCE),
    bytes: stanza,
  }));
  refuseUnless(ascends(stanzas.map(({ device }) => device)), 'malformed', 'stanzas out of order');
  const ciphertext = reader.take(reader.small(4));
  reader.done();
  return { kind, priority, epoch, counter, expires, recipients, header, commitment, nonce, stanzas, ciphertext };
}
