// What Go seals, libsodium opens, and the other way round: fresh keys, nonces and sizes in every run.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { after, test } from 'node:test';
import { hex, join, utf8 } from './bytes.mjs';
import { derive, domain, openBytes, sealBytes, sodium, verify } from './conventions.mjs';
import { startGo } from './go.mjs';
import { device, shared } from './identity.mjs';
import * as keyring from './keyring.mjs';
import * as seal from './seal.mjs';

const go = startGo();
after(go.end);

const random = (size) => new Uint8Array(randomBytes(size));
const byID = (a, b) => Buffer.compare(a.id, b.id);
const SIZES = [0, 1, 60, 61, 500, 4096, 70_000];

async function newDevice() {
  const secret = (await go.ask('device')).private;
  return { ...device(secret), secret };
}

function same(got, want) {
  assert.equal(hex(got), hex(want));
}

test('keys between two devices, from both sides', async () => {
  const [a, b] = [await newDevice(), await newDevice()];
  same((await go.ask('shared-key', { private: a.secret, box: b.box })).key, shared(b, a.box));
});

test('signatures', async () => {
  const own = await newDevice();
  const [purpose, data] = [utf8('example'), random(300)];
  const signed = join(domain('example'), data);
  verify(own.signKey, signed, (await go.ask('sign', { private: own.secret, purpose, data })).signature);
  same((await go.ask('verify', { sign: own.signKey, purpose, data, signature: own.sign(signed) })).data, data);
  assert.deepEqual(await go.ask('verify', { sign: own.signKey, purpose: utf8('other'), data, signature: own.sign(signed) }), { code: 'bad_signature' });
});

for (const size of SIZES) {
  test(`a direct envelope of ${size} bytes to three devices`, async () => {
    const sender = await newDevice();
    const devices = [await newDevice(), await newDevice(), await newDevice()].sort(byID);
    const [mesh, message, recipient] = [random(32), random(size), random(32)];
    const header = { priority: randomInt(3), epoch: randomInt(1, 1000), counter: randomInt(1, 2 ** 40), expires: randomInt(2 ** 40) };

    const records = join(...devices.map(({ record }) => record));
    const made = await go.ask('seal-direct', { ...header, mesh, message, private: sender.secret, recipients: recipient, devices: records });
    for (const own of devices) same(seal.openDirect({ mesh, sender, own, envelope: made.envelope }), message);

    const drawn = { key: random(32), nonce: random(24), stanzaNonces: devices.map(() => random(24)) };
    const envelope = seal.sealDirect({ mesh, own: sender, header: { ...header, recipients: [recipient] }, devices, message, ...drawn });
    for (const { secret } of devices) {
      same((await go.ask('open-direct', { mesh, sender: sender.record, private: secret, envelope })).message, message);
    }
    const stranger = await newDevice();
    assert.deepEqual(await go.ask('open-direct', { mesh, sender: stranger.record, private: devices[0].secret, envelope }), { code: 'bad_stanza' });
  });

  test(`a topic envelope of ${size} bytes`, async () => {
    const sender = await newDevice();
    const [mesh, topic, key, message] = [random(32), random(32), random(32), random(size)];
    const header = { priority: 1, epoch: 2, counter: randomInt(1, 2 ** 40), expires: 0 };
    const made = await go.ask('seal-topic', { ...header, mesh, topic, key, message, private: sender.secret });
    same(seal.openTopic({ mesh, sender, key, envelope: made.envelope }), message);
    const envelope = seal.sealTopic({ mesh, own: sender, header: { ...header, recipients: [topic] }, nonce: random(24), key, message });
    same((await go.ask('open-topic', { mesh, sender: sender.record, key, envelope })).message, message);
    assert.deepEqual(await go.ask('open-topic', { mesh: random(32), sender: sender.record, key, envelope }), { code: 'bad_signature' });
  });

  test(`sealed bytes, as an escrow's or a preview's, of ${size} bytes`, async () => {
    const key = derive(random(16), 'invite-escrow');
    const plain = random(size);
    same(openBytes((await go.ask('seal-bytes', { key, plain })).sealed, key), plain);
    same((await go.ask('open-bytes', { key, sealed: sealBytes(plain, random(24), key) })).plain, plain);
  });

  test(`box_seal of ${size} bytes, as a relay answers a claim`, async () => {
    const own = await newDevice();
    const plain = random(size);
    same(sodium.crypto_box_seal_open((await go.ask('seal-anonymous', { box: own.box, plain })).sealed, own.box, own.scalar), plain);
    const sealed = sodium.crypto_box_seal(plain, own.box);
    same((await go.ask('open-anonymous', { private: own.secret, sealed })).plain, plain);
    const other = await newDevice();
    assert.deepEqual(await go.ask('open-anonymous', { private: other.secret, sealed }), { code: 'bad_body' });
  });
}

test('a card', async () => {
  const own = await newDevice();
  const card = { mesh: random(32), session: random(16), version: randomInt(1, 2 ** 40), key: random(32) };
  const json = utf8('{"v":1,"kind":"agent","status":"working"}');
  const made = await go.ask('seal-card', { ...card, private: own.secret, epoch: 3, json });
  const opened = seal.openCard({ ...card, sender: own, card: made.card });
  same(opened.json, json);
  assert.equal(opened.epoch, 3);
  const bytes = seal.sealCard({ ...card, own, epoch: 3, nonce: random(24), json });
  same((await go.ask('open-card', { ...card, sender: own.record, card: bytes })).json, json);
});

test('a profile', async () => {
  const [root, epoch] = [random(32), randomInt(1, 1000)];
  const name = 'Zoë 🐙';
  const made = await go.ask('seal-profile', { root, epoch, name: utf8(name) });
  assert.deepEqual(keyring.openName('profile', root, epoch, made.sealed), { name, groups: [] });
  const sealed = sealBytes(utf8(JSON.stringify({ name, groups: ['core'] })), random(24), keyring.nameKey('profile', root, epoch));
  same((await go.ask('open-profile', { root, epoch, sealed })).name, utf8(name));
});

test('a rotation', async () => {
  const [author, own] = [await newDevice(), await newDevice()];
  const [mesh, root, previous, epoch] = [random(32), random(32), random(32), randomInt(2, 1000)];
  const commitment = keyring.meshKey(root, 'commit', epoch);
  const { wrap } = await go.ask('wrap', { mesh, private: author.secret, device: own.record, epoch, root });
  same(keyring.unwrap({ mesh, author, own, epoch, nonce: wrap.subarray(0, 24), box: wrap.subarray(24), commitment }), root);
  const nonce = random(24);
  const box = keyring.wrap({ mesh, own: author, device: own, epoch, root, nonce });
  same((await go.ask('unwrap', { mesh, author: author.record, private: own.secret, epoch, nonce, box, commitment })).root, root);

  const before = keyring.meshKey(previous, 'commit', epoch - 1);
  const { wrapped } = await go.ask('wrap-previous', { root, epoch, previous });
  same(keyring.unwrapPrevious({ root, epoch, wrapped, commitment: before }), previous);
  const again = keyring.wrapPrevious({ root, epoch, previous, nonce: random(24) });
  same((await go.ask('unwrap-previous', { root, epoch, wrapped: again, commitment: before })).previous, previous);
});
