import type { MeshStore } from '../stores/mesh.svelte';
import type { Waiting } from '../stores/waiting';
import { words } from '../words/en';

/** Who waits: the member, and which of its sessions where it has several. */
export interface Asker {
  memberId: string;
  name: string;
  session: string;
}

export function askerOf(store: MeshStore, waiting: Waiting): Asker {
  const { memberId, sessionId, known } =
    waiting.kind === 'approval'
      ? { memberId: waiting.member.memberId, sessionId: waiting.session.sessionId, known: waiting.member.name }
      : { memberId: waiting.ask.from, sessionId: waiting.ask.fromSession, known: waiting.ask.fromName };
  const name = store.members.has(memberId) ? store.nameOf(memberId) : known;
  return { memberId, name, session: store.sessionToTell(memberId, sessionId) };
}

/** More than so many new things are told by their number. */
const SPOKEN = 2;

/** What is said aloud of things that have begun to wait. */
export function spokenWaiting(store: MeshStore, news: readonly Waiting[]): string {
  if (news.length > SPOKEN) return words.waiting.spoken(news.length);
  return news
    .map((waiting) => {
      const { name, session } = askerOf(store, waiting);
      const who = session === '' ? name : `${name}, ${session},`;
      return waiting.kind === 'approval' ? words.waiting.approvalSpoken(who) : words.waiting.askSpoken(who, waiting.ask.text);
    })
    .join('. ');
}
