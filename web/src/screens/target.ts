import type { Recipient } from '../peer/api';
import type { MeshStore } from '../stores/mesh.svelte';

/** What means the one that a person chose of those that were ambiguous: a member, or one of its sessions, named behind a slash. */
export function targetOf(store: MeshStore, { memberId, name }: Recipient): string {
  const member = memberId.slice(0, 12);
  const session = name === store.members.get(memberId)?.name ? undefined : /\/([0-9a-f]{8})$/.exec(name)?.[1];
  return session === undefined ? member : `${member}/${session}`;
}
