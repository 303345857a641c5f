import type { Ask, Member, MeshState, Session } from '../peer/api';
import { liveSessions, needsApproval, sinceOf } from '../text/sessions';

/** What waits for this person: a session that needs an approval, or a question to this member. */
export type Waiting = Approval | Question;

interface Common {
  /** The same for as long as it waits; another when the same session needs an approval again. */
  key: string;
  /** Milliseconds since 1970. */
  since: number;
}

export interface Approval extends Common {
  kind: 'approval';
  member: Member;
  session: Session;
}

export interface Question extends Common {
  kind: 'ask';
  ask: Ask;
}

/** So much of one member comes before what waits of others, however old it says that it is: its clock and its sessions are its own. */
const TURN = 3;

/** Everything that waits, oldest first, and of no member more than TURN before the others. */
export function waitingIn(state: Pick<MeshState, 'members' | 'asks'>): Waiting[] {
  const approvals = state.members.flatMap((member) =>
    liveSessions(member)
      .filter(needsApproval)
      .map((session): Approval => {
        const since = sinceOf(session);
        return { kind: 'approval', key: `${session.deviceId} ${session.sessionId} ${since}`, since, member, session };
      }),
  );
  const questions = state.asks.map((ask): Question => ({ kind: 'ask', key: ask.messageId, since: ask.at, ask }));
  const waiting = [...approvals, ...questions].sort((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1));
  const before = new Map<string, number>();
  const turns = waiting.map((one) => {
    const of = one.kind === 'approval' ? one.member.memberId : one.ask.from;
    const count = before.get(of) ?? 0;
    before.set(of, count + 1);
    return { one, turn: Math.floor(count / TURN) };
  });
  return turns.sort((a, b) => a.turn - b.turn).map(({ one }) => one);
}

/** Remembers what was said aloud, so that each thing is said once, however often its connection comes and goes. */
export class Announced {
  readonly #keys = new Set<string>();

  /** Those that were never given before. */
  news(waiting: readonly Waiting[]): Waiting[] {
    const fresh = waiting.filter(({ key }) => !this.#keys.has(key));
    for (const { key } of fresh) this.#keys.add(key);
    return fresh;
  }
}
