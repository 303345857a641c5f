import { describe, expect, it } from 'vitest';
import type { Member, Session } from '../peer/api';
import { isUrgent, madeOf, sessionName, sessionsOf, sinceOf, tally } from './sessions';

let number = 0;
function session(over: Partial<Session> = {}): Session {
  return {
    sessionId: `${(++number).toString(16).padStart(4, '0')}aaaabbbbcccc`,
    deviceId: '',
    state: 'online',
    since: 1,
    kind: 'agent',
    status: 'idle',
    statusSince: 0,
    summary: '',
    host: 'box',
    directory: '~/shop',
    model: '',
    tags: [],
    client: '',
    ...over,
  };
}
const member = (sessions: Session[], over: Partial<Member> = {}) =>
  ({ memberId: 'nina', kind: 'agent', status: 'idle', summary: '', sessions, ...over }) as Member;

describe('sessionsOf', () => {
  it('leaves out what is gone and the windows of a person', () => {
    const [live, gone, window] = [session(), session({ state: 'offline' }), session({ kind: 'person' })];
    expect(sessionsOf(member([gone, window, live])).shown).toEqual([live]);
  });

  it('leaves out what its device speaks for no more, and keeps what is away with its device', () => {
    const [here, ended, lost] = [session({ deviceId: 'a' }), session({ deviceId: 'a', state: 'away' }), session({ deviceId: 'b', state: 'away' })];
    expect(sessionsOf(member([here, ended, lost])).shown).toEqual([here, lost]);
    expect(sessionsOf(member([ended, { ...here, state: 'offline' }])).shown).toEqual([ended]);
    expect(isUrgent(member([here, { ...ended, status: 'needs-approval' }]))).toBe(false);
  });

  it('keeps one agent in the row of its member, and puts several beneath it, and one beneath a person', () => {
    const person = session({ kind: 'person' });
    expect(sessionsOf(member([session()])).apart).toBe(false);
    expect(sessionsOf(member([session({ state: 'offline' }), session()])).apart).toBe(false);
    expect(sessionsOf(member([session(), session()])).apart).toBe(true);
    expect(sessionsOf(member([session(), person])).apart).toBe(true);
    expect(sessionsOf(member([person, session({ kind: 'person' })])).apart).toBe(false);
  });

  it('puts approvals first and keeps the others in place while they work', () => {
    const [a, b, c] = [session({ directory: '/a' }), session({ directory: '/b' }), session({ directory: '/c' })];
    const order = (...sessions: Session[]) => sessionsOf(member(sessions)).shown.map(({ directory }) => directory);
    expect(order(c, a, b)).toEqual(['/a', '/b', '/c']);
    expect(order(c, a, { ...b, status: 'working', since: 9 })).toEqual(['/a', '/b', '/c']);
    expect(order(a, b, { ...c, status: 'needs-approval' })).toEqual(['/c', '/a', '/b']);
  });

  it('lets a person speak before the agents, and an agent need approval for all its sessions', () => {
    const needs = session({ status: 'needs-approval' });
    const person = session({ kind: 'person', status: 'dnd', summary: 'at lunch' });
    expect(sessionsOf(member([needs, person]))).toMatchObject({ kind: 'person', status: 'dnd', summary: 'at lunch' });
    expect(sessionsOf(member([session(), needs], { status: 'working' }))).toMatchObject({ kind: 'agent', status: 'needs-approval' });
    expect(sessionsOf(member([]))).toMatchObject({ kind: 'agent', status: 'idle', apart: false });
    expect(isUrgent(member([person, needs]))).toBe(true);
    expect(isUrgent(member([{ ...needs, state: 'offline' }]))).toBe(false);
  });
});

describe('the label of a session', () => {
  const labels = (...sessions: Session[]) => {
    const found = sessionsOf(member(sessions)).labels;
    return sessions.map(({ sessionId }) => found.get(sessionId));
  };

  it('is the last element of its directory, else its machine, else its id', () => {
    expect(labels(session({ directory: '~/code/shop/' }), session({ directory: 'C:\\work\\cart' }))).toEqual(['shop', 'cart']);
    const bare = session({ directory: '', host: '' });
    expect(labels(session({ directory: '', host: 'box' }), bare)).toEqual(['box', bare.sessionId.slice(0, 8)]);
  });

  it('tells two of one name apart, by the machine where that does', () => {
    const [a, b, c] = [session(), session(), session({ host: 'laptop' })];
    expect(labels(a, c)).toEqual(['shop · box', 'shop · laptop']);
    expect(labels(a, b, c)).toEqual([`shop · ${a.sessionId.slice(0, 4)}`, `shop · ${b.sessionId.slice(0, 4)}`, 'shop · laptop']);
    expect(new Set(labels(...Array.from({ length: 40 }, () => session()))).size).toBe(40);
  });
});

describe('sessionName', () => {
  const live = session({ directory: '/cart' });
  const ended = session({ state: 'offline' });
  const person = session({ kind: 'person', state: 'offline' });
  const one = member([live, ended, person]);
  const name = (of: Member, id: string) => sessionName(of, sessionsOf(of), id);

  it('names those that live and those that ended, and no window of a person', () => {
    expect(name(one, live.sessionId)).toBe('cart');
    expect(name(one, ended.sessionId)).toBe('shop');
    expect(name(one, person.sessionId)).toBe('');
    expect(name(one, '')).toBe('');
  });
  it('falls back to the id for one that nobody remembers, but for a person', () => {
    expect(name(one, 'ffffeeeeddddcccc')).toBe('ffffeeee');
    expect(name(member([], { kind: 'person' }), 'ffffeeeeddddcccc')).toBe('');
  });
});

describe('what a session tells', () => {
  it('is counted by status, urgent first', () => {
    const sessions = [session(), session({ status: 'working' }), session({ status: 'needs-approval' }), session({ status: 'working' })];
    expect(tally(sessions)).toEqual([['needs-approval', 1], ['working', 2], ['idle', 1]]);
  });
  it('leaves out what is empty', () => {
    expect(madeOf(session({ model: 'opus' }))).toBe('opus');
    expect(madeOf(session({ model: 'opus', client: 'Claude Code 2.1' }))).toBe('opus · Claude Code 2.1');
  });
  it('began with its status, else with its presence', () => {
    expect(sinceOf(session({ statusSince: 7 }))).toBe(7);
    expect(sinceOf(session({ since: 3 }))).toBe(3);
  });
});
