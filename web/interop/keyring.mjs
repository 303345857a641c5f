// Sections 2 and 3.2: mesh keys, sealed names, rotations.
import { equal, join, Refusal, refuseUnless, u32 } from './bytes.mjs';
import { derive, domain, openBytes, openRaw, opened, sealRaw } from './conventions.mjs';
import { makeBox, openBox, shared } from './identity.mjs';

export const meshKey = (root, purpose, epoch, ...parts) => derive(root, purpose, u32(epoch), ...parts);

export function checkRoot(root, epoch, commitment) {
  const fits = epoch >= 1 && equal(meshKey(root, 'commit', epoch), commitment);
  refuseUnless(fits, 'bad_commitment', 'another root key than committed');
  return root;
}

const BAD_NAME = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const LABEL = /^[a-z0-9._-]{1,64}$/;

const checks = {
  name: (name) => [...name].length >= 1 && [...name].length <= 64 && !BAD_NAME.test(name) && !/^\p{White_Space}|\p{White_Space}$/u.test(name),
  label: (label) => LABEL.test(label),
  description: (text) => [...text].length <= 500 && !BAD_NAME.test(text),
  groups: (groups) =>
    Array.isArray(groups) && groups.length <= 16 && new Set(groups).size === groups.length && groups.every((group) => LABEL.test(group)),
};

const FIELDS = {
  'mesh-name': { key: 'name', fields: { name: checks.name } },
  'topic-name': { key: 'name', fields: { name: checks.label, description: checks.description } },
  profile: { key: 'profile', fields: { name: checks.name, groups: checks.groups } },
};

export const nameKey = (of, root, epoch) => meshKey(root, FIELDS[of].key, epoch);

export function openName(of, root, epoch, sealed) {
  refuseUnless(sealed.length <= 4096, 'too_large', 'over 4096 bytes');
  const text = new TextDecoder('utf-8', { fatal: true }).decode(openBytes(sealed, nameKey(of, root, epoch)));
  const value = opened('malformed', () => JSON.parse(text));
  const { fields } = FIELDS[of];
  for (const name of Object.keys(value)) refuseUnless(name in fields, 'unknown_field', `a field ${name}`);
  for (const [name, holds] of Object.entries(fields)) {
    const empty = name === 'groups' ? [] : '';
    refuseUnless(holds(value[name] ?? empty), 'malformed', name);
  }
  return value;
}

const inWrap = ({ mesh, author, device, epoch }, root) => join(domain('rotation'), mesh, author, device, u32(epoch), root);

export function wrap({ mesh, own, device, epoch, root, nonce }) {
  return makeBox(inWrap({ mesh, author: own.id, device: device.id, epoch }, root), nonce, shared(own, device.box));
}

export function unwrap({ mesh, author, own, epoch, nonce, box, commitment }) {
  const inner = openBox('bad_commitment', box, nonce, shared(own, author.box));
  const root = inner.subarray(-32);
  const whole = root.length === 32 && equal(inner, inWrap({ mesh, author: author.id, device: own.id, epoch }, root));
  refuseUnless(whole, 'bad_commitment', 'names something else');
  return checkRoot(root, epoch, commitment);
}

export const wrapPrevious = ({ root, epoch, previous, nonce }) => sealRaw(previous, nonce, meshKey(root, 'previous-root', epoch));

export function unwrapPrevious({ root, epoch, wrapped, commitment }) {
  let previous;
  try {
    previous = openRaw(wrapped, meshKey(root, 'previous-root', epoch));
  } catch (error) {
    throw new Refusal('bad_commitment', error.message);
  }
  refuseUnless(previous.length === 32, 'bad_commitment', 'no root key');
  return checkRoot(previous, epoch - 1, commitment);
}
