import type { Kind, Member, Session, Status } from '../peer/api';
import { shortId } from './names';

/** What is shown of the sessions of one member. */
export interface MemberSessions {
  /** The live ones of agents and connectors: those that need an approval first, the others where they were. */
  shown: Session[];
  /** They stand beneath their member, and not in its own row. */
  apart: boolean;
  /** What each of them is to people, by its id. */
  labels: ReadonlyMap<string, string>;
  /** What the member itself is and says: a person is one, in however many windows, and speaks before its agents. */
  kind: Kind;
  status: Status;
  summary: string;
}

export function sessionsOf(member: Pick<Member, 'sessions' | 'kind' | 'status' | 'summary'>): MemberSessions {
  const live = liveSessions(member);
  const shown = live.filter(({ kind }) => kind !== 'person').sort(order);
  const { kind, status, summary } = live.find((session) => session.kind === 'person') ?? member;
  return {
    shown,
    apart: shown.length > 1 || (shown.length === 1 && live.length > 1),
    labels: labelsOf(shown),
    kind,
    status: kind !== 'person' && shown.some(needsApproval) ? 'needs-approval' : status,
    summary,
  };
}

/** Whether a session of the member needs an approval now. */
export function isUrgent(member: Pick<Member, 'sessions'>): boolean {
  return liveSessions(member).some(needsApproval);
}

/**
 * The sessions that are online, or away with their device. One that is away while its device is connected is not spoken for any
 * more: it has ended, and the relay has yet to notice.
 */
export function liveSessions({ sessions }: Pick<Member, 'sessions'>): Session[] {
  const connected = new Set(sessions.filter(({ state }) => state === 'online').map(({ deviceId }) => deviceId));
  return sessions.filter(({ state, deviceId }) => state === 'online' || (state === 'away' && !connected.has(deviceId)));
}

function order(a: Session, b: Session): number {
  const urgent = Number(needsApproval(b)) - Number(needsApproval(a));
  return urgent || plainLabel(a).localeCompare(plainLabel(b)) || (a.sessionId < b.sessionId ? -1 : 1);
}

export function needsApproval({ status }: Session): boolean {
  return status === 'needs-approval';
}

/** The last element of its directory, or its machine. */
function plainLabel({ directory, host, sessionId }: Session): string {
  return directory.split(/[\\/]/).findLast((part) => part !== '') || host || shortId(sessionId);
}

/** What two would share is told apart by the machine, and where that is one too, by the beginning of the id. */
function labelsOf(sessions: readonly Session[]): Map<string, string> {
  const placed = (session: Session) => [plainLabel(session), session.host].filter((part) => part !== '').join(' · ');
  const alone = (label: (session: Session) => string, one: Session) =>
    sessions.every((session) => session === one || label(session) !== label(one));
  return new Map(
    sessions.map((session) => {
      if (alone(plainLabel, session)) return [session.sessionId, plainLabel(session)];
      if (alone(placed, session)) return [session.sessionId, placed(session)];
      return [session.sessionId, `${plainLabel(session)} · ${session.sessionId.slice(0, 4)}`];
    }),
  );
}

/** Model and program, as far as a session tells them. */
export function madeOf({ model, client }: Session): string {
  return [model, client].filter((part) => part !== '').join(' · ');
}

/** When what a session says of itself began: its status, and where it does not tell, its presence. */
export function sinceOf(session: Session): number {
  return session.statusSince || session.since;
}

/** How many sessions there are of each status, the urgent first. */
export function tally(sessions: readonly Session[]): [Status, number][] {
  const statuses: Status[] = ['needs-approval', 'working', 'idle', 'dnd'];
  return statuses
    .map((status): [Status, number] => [status, sessions.filter((session) => session.status === status).length])
    .filter(([, number]) => number > 0);
}

/**
 * The name of a session, whether it lives or not; empty for a person's, which has none. One that this device has never seen,
 * or has forgotten, is named by its id.
 */
export function sessionName(member: Pick<Member, 'sessions' | 'kind'>, { labels }: MemberSessions, sessionId: string): string {
  const label = labels.get(sessionId);
  if (label !== undefined) return label;
  const ended = member.sessions.find((session) => session.sessionId === sessionId);
  if (ended) return ended.kind === 'person' ? '' : plainLabel(ended);
  return sessionId === '' || member.kind === 'person' ? '' : shortId(sessionId);
}
