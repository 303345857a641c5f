/** Up to two letters for a mark: of the first and the last word of a name. */
export function initials(name: string): string {
  const parts = name.split(/[\s._-]+/u).filter((part) => /[\p{L}\p{N}]/u.test(part));
  const first = firstSign(parts[0]);
  const last = parts.length > 1 ? firstSign(parts.at(-1)) : '';
  return (first + last).toLocaleUpperCase();
}

function firstSign(part: string | undefined): string {
  return part?.match(/[\p{L}\p{N}]/u)?.[0] ?? '';
}

/** The part of an id that people read and compare; 8 characters are what the command line takes as a prefix. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** The hue of a member, 0 to 359, from its id: ids are hashes, so their first bytes are evenly spread. */
export function hue(id: string): number {
  const value = Number.parseInt(id.slice(0, 4), 16);
  return Number.isNaN(value) ? 0 : value % 360;
}

/** Names that more than one member bears, compared as people read them. Those are shown with their short id. */
export function sharedNames(members: readonly { name: string }[]): Set<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { name } of members) {
    const key = nameKey(name);
    if (seen.has(key)) shared.add(key);
    seen.add(key);
  }
  return shared;
}

export function nameKey(name: string): string {
  return name.trim().normalize('NFKC').toLocaleLowerCase();
}

/** What was typed as a topic name would have to be: lower-case letters, digits, `-`, `_`, `.`; at most 64. */
export function topicName(typed: string): string {
  return typed
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/^#/, '')
    .replace(/\s+/g, '-')
    .replace(/[^a-z0-9._-]/g, '')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}
