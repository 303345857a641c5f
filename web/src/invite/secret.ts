/**
 * The secret of an invite stands in the fragment of its link. It leaves the address bar as soon as it is read, so that
 * it is in no bookmark, screen share or copied address. It is kept with this one history entry, so that a reload in the
 * middle of a claim can go on, and goes with it.
 */

interface Kept {
  inviteFragment?: string;
  /** The mesh that joining was begun for. */
  joiningMesh?: string;
}

export interface Address {
  origin: string;
  pathname: string;
  search: string;
  hash: string;
}

export interface Entry {
  readonly state: unknown;
  replaceState(state: unknown, unused: string, url: string): void;
}

const CARRIES_INVITE = /^\/(i|join)(\/|$)/;

/** Takes the fragment, and what stands in the query, off an invite's address. Call it before anything else runs. */
export function takeFragment(address: Address, entry: Entry): void {
  if (!CARRIES_INVITE.test(address.pathname)) return;
  const fragment = address.search + address.hash;
  if (fragment === '') return;
  const kept: Kept = { inviteFragment: fragment };
  entry.replaceState(kept, '', address.pathname);
}

/** Remembers that joining was begun: after a reload the invite may be used up, by this very claim. */
export function keepJoining(entry: Entry, meshId: string, path: string): void {
  const kept: Kept = { ...(entry.state as Kept | null), joiningMesh: meshId };
  entry.replaceState(kept, '', path);
}

export function joiningMesh(entry: Entry): string | null {
  return (entry.state as Kept | null)?.joiningMesh ?? null;
}

/** The whole link that this history entry was opened with. */
export function inviteLink(address: Address, entry: Entry): string {
  const fragment = (entry.state as Kept | null)?.inviteFragment ?? '';
  return address.origin + address.pathname + fragment;
}
