import type { Member } from '../peer/api';
import type { ConversationStore } from '../stores/conversation.svelte';
import type { MeshStore } from '../stores/mesh.svelte';
import { sessionName } from '../text/sessions';

/** A message has at most 512 KiB (docs/PROTOCOL.md, section 6); some of that is its fields. */
const LONGEST = 511 * 1024;

export function tooLong(text: string): boolean {
  // A UTF-16 unit takes at most three bytes, so short texts need no counting.
  return text.length * 3 > LONGEST && new TextEncoder().encode(text).length > LONGEST;
}

/** The one session of a member that a message is meant for. */
export interface Aim {
  sessionId: string;
  name: string;
  /** It has ended: any session of the member gets what is sent to it. */
  gone: boolean;
  /** It follows from the message that is replied to, and goes with it. */
  byReply: boolean;
}

/**
 * Where a message to `member` goes beside to the member: to the session that the message came from to which it replies, else
 * to the one that was chosen. `null` where that is all the same.
 */
export function aimOf(store: MeshStore, member: Member, { session, replyTo }: ConversationStore): Aim | null {
  const sessions = store.sessionsOf(member);
  // Without a connection nobody can say which sessions there are.
  const gone = (sessionId: string) => store.connected && !sessions.labels.has(sessionId);
  const from = replyTo?.state === 'received' ? replyTo.fromSession : '';
  const name = sessionName(member, sessions, from);
  if (name !== '') {
    const ended = gone(from);
    // A member's only session gets everything anyway.
    return ended || sessions.apart ? { sessionId: from, name, gone: ended, byReply: true } : null;
  }
  return session && { sessionId: session.id, name: session.name, gone: gone(session.id), byReply: false };
}

/** A target at the beginning of what was written that may name a session, as `@name/session`, and what follows it. */
export function addressed(text: string): { target: string; rest: string } | null {
  const match = /^(@[^\n/]{1,128}\/[^\s/]+)(?:\s+|$)([^]*)$/.exec(text);
  return match ? { target: match[1] ?? '', rest: match[2] ?? '' } : null;
}
