// Section 2: devices.
import { join, Reader, refuseUnless, u8 } from './bytes.mjs';
import { belowPrime, domain, hash, littleEndian, opened, sodium, sound } from './conventions.mjs';

// device makes both key pairs of a private half: Ed25519 seed 32 ‖ X25519 scalar 32.
export function device(secret) {
  const seed = secret.subarray(0, 32);
  const scalar = secret.subarray(32);
  for (const half of [seed, scalar]) refuseUnless(half.some((byte) => byte !== 0), 'bad_key', 'an empty private key');
  const { publicKey: sign, privateKey } = sodium.crypto_sign_seed_keypair(seed);
  const box = sodium.crypto_scalarmult_base(scalar);
  return { ...publicDevice(sign, box), scalar, sign: (message) => sodium.crypto_sign_detached(message, privateKey) };
}

function publicDevice(signKey, box) {
  const record = join(u8(1), signKey, box);
  return { signKey, box, record, id: hash(domain('device-id'), record) };
}

export function parseRecord(record) {
  const reader = new Reader(record);
  const suite = reader.small(1);
  const signKey = reader.take(32);
  const box = reader.take(32);
  reader.done();
  refuseUnless(suite === 1, 'unsupported', 'another suite');
  refuseUnless(sound(signKey), 'bad_key', 'an Ed25519 key');
  checkBox(box);
  return publicDevice(signKey, box);
}

// A key of small order gives a zero product with every scalar, at which libsodium throws.
export function checkBox(box) {
  refuseUnless(belowPrime(littleEndian(box)), 'bad_key', 'an X25519 key with a second encoding');
  opened('bad_key', () => sodium.crypto_scalarmult(new Uint8Array(32).fill(7), box));
}

export function shared(own, box) {
  checkBox(box);
  return sodium.crypto_box_beforenm(box, own.scalar);
}

export const makeBox = (message, nonce, key) => sodium.crypto_box_easy_afternm(message, nonce, key);
export const openBox = (code, box, nonce, key) => opened(code, () => sodium.crypto_box_open_easy_afternm(box, nonce, key));
