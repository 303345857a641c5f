import { describe, expect, it } from 'vitest';
import type { Member, Session } from '../peer/api';
import { next } from '../keys/move';
import { qrPath } from '../parts/qr';
import { bannerOf } from './banner';
import { tooLong } from './composer';
import { groupPeople } from './people';

const mesh = { connection: 'online', waiting: 0, problem: null } as const;

describe('bannerOf', () => {
  const text = (over: Partial<Parameters<typeof bannerOf>[0]>) => bannerOf({ ...mesh, ...over })?.text ?? null;

  it('is silent while connected', () => {
    expect(text({ waiting: 3 })).toBeNull();
  });
  it('says how many messages wait', () => {
    expect(text({ connection: 'offline', waiting: 2 })).toBe('Waiting for the relay — 2 messages kept');
    expect(text({ connection: 'offline', waiting: 1 })).toBe('Waiting for the relay — 1 message kept');
    expect(text({ connection: 'offline' })).toBe('Waiting for the relay');
  });
  it('does not flash at the first attempt', () => {
    expect(text({ connection: 'connecting' })).toBeNull();
    expect(text({ connection: 'connecting', waiting: 1 })).toBe('Connecting — 1 message kept');
  });
  it('gives the reason where it says more than that the relay is away', () => {
    const problem = { code: 'clock_skew', message: 'The clocks differ.', retry: true };
    expect(bannerOf({ ...mesh, connection: 'offline', problem })).toMatchObject({ detail: 'The clocks differ.', alarm: false });
    const away = { code: 'unreachable', message: 'Away.', retry: true };
    expect(bannerOf({ ...mesh, connection: 'offline', problem: away })).toMatchObject({ detail: '', code: '' });
  });
  it('offers to try at once only where there is a pause to cut short', () => {
    expect(bannerOf({ ...mesh, connection: 'offline' })).toMatchObject({ waits: true });
    expect(bannerOf({ ...mesh, connection: 'connecting', waiting: 1 })).toMatchObject({ waits: false });
    expect(bannerOf({ ...mesh, connection: 'removed' })).toMatchObject({ waits: false });
  });
  it('raises an alarm where waiting will not help', () => {
    const problem = { code: 'bad_roster', message: 'The roster breaks the rules.', retry: false };
    expect(bannerOf({ ...mesh, connection: 'offline', waiting: 2, problem })).toEqual({
      text: 'The roster breaks the rules.',
      code: 'bad_roster',
      detail: '',
      alarm: true,
      waits: false,
    });
    expect(bannerOf({ ...mesh, connection: 'removed' })).toMatchObject({ code: 'removed', alarm: true });
  });
});

function member(name: string, over: Partial<Member> = {}): Member {
  return {
    memberId: `id-${name}`,
    name,
    groups: [],
    role: 'member',
    isSelf: false,
    kind: 'person',
    presence: 'online',
    since: 1,
    status: 'idle',
    summary: '',
    sessions: [],
    deviceIds: [],
    joinedAt: 1,
    ...over,
  };
}

const needing = (state: Session['state']) => ({ sessions: [{ kind: 'agent', state, status: 'needs-approval' } as Session] });

describe('groupPeople', () => {
  it('groups by presence, approvals first, then by name', () => {
    const groups = groupPeople([
      member('Zoe', needing('online')),
      member('bo'),
      member('Ada'),
      member('Cy', { presence: 'away' }),
      member('Di', { presence: 'offline', ...needing('offline') }),
      member(''),
    ], true);
    expect(groups.here.map(({ name }) => name)).toEqual(['Zoe', 'Ada', 'bo']);
    expect(groups.away.map(({ name }) => name)).toEqual(['Cy']);
    expect(groups.notHere.map(({ name }) => name)).toEqual(['Di']);
    expect(groups.joining).toHaveLength(1);
  });

  it('does not say who is here without a connection, but for oneself', () => {
    const groups = groupPeople([member('Me', { isSelf: true, presence: 'offline' }), member('Di', { presence: 'offline' }), member('Ada')], false);
    expect(groups.here.map(({ name }) => name)).toEqual(['Me']);
    expect(groups.unknown.map(({ name }) => name)).toEqual(['Ada', 'Di']);
    expect(groups.notHere).toEqual([]);
  });

  it('orders two of one name the same way each time', () => {
    const one = member('Jo', { memberId: 'a' });
    const two = member('Jo', { memberId: 'b' });
    expect(groupPeople([two, one], true).here).toEqual(groupPeople([one, two], true).here);
  });
});

describe('next', () => {
  it('enters messages at the newest and other lists at the top', () => {
    expect(next(-1, 1, 5, true)).toBe(4);
    expect(next(-1, 1, 5, false)).toBe(0);
  });
  it('holds at the ends', () => {
    expect(next(4, 1, 5, false)).toBe(4);
    expect(next(0, -1, 5, false)).toBe(0);
    expect(next(2, -1, 5, false)).toBe(1);
    expect(next(-1, 1, 0, true)).toBe(-1);
  });
});

describe('tooLong', () => {
  it('counts bytes, not letters', () => {
    expect(tooLong('a'.repeat(511 * 1024))).toBe(false);
    expect(tooLong('a'.repeat(511 * 1024 + 1))).toBe(true);
    expect(tooLong('é'.repeat(256 * 1024))).toBe(true);
  });
});

describe('qrPath', () => {
  it('draws each run of dark modules once', () => {
    expect(qrPath(['110', '001'])).toBe('M0 0h2v1h-2zM2 1h1v1h-1z');
    expect(qrPath(['000'])).toBe('');
  });
});
