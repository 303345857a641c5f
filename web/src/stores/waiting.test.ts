import { describe, expect, it } from 'vitest';
import type { Ask, Member, Session } from '../peer/api';
import { Announced, waitingIn } from './waiting';

const session = (sessionId: string, over: Partial<Session> = {}): Session =>
  ({ sessionId, deviceId: 'box', state: 'online', since: 5, kind: 'agent', status: 'needs-approval', statusSince: 0, ...over }) as Session;
const member = (memberId: string, ...sessions: Session[]) => ({ memberId, name: memberId, sessions }) as unknown as Member;
const ask = (messageId: string, at: number) => ({ messageId, at }) as Ask;

describe('waitingIn', () => {
  const keys = (members: Member[], asks: Ask[] = []) => waitingIn({ members, asks }).map(({ key }) => key);

  it('puts what waits longest first, whatever it is', () => {
    const members = [member('nina', session('s1', { statusSince: 30 }), session('s2', { statusSince: 10 })), member('otto', session('s3', { statusSince: 40 }))];
    expect(keys(members, [ask('m1', 20), ask('m2', 50)])).toEqual(['box s2 10', 'm1', 'box s1 30', 'box s3 40', 'm2']);
  });

  it('lets nobody fill the top, however much of one member waits and since when it says that it does', () => {
    const loud = Array.from({ length: 200 }, (_, i) => session(`m${i}`, { statusSince: 1 + i }));
    const mine = [member('mallory', ...loud), member('nina', session('s1', { statusSince: 900 }))];
    const shown = keys(mine, [{ ...ask('q1', 950), from: 'otto' }]);
    expect(shown.slice(0, 6)).toEqual(['box m0 1', 'box m1 2', 'box m2 3', 'box s1 900', 'q1', 'box m3 4']);
    expect(shown).toHaveLength(202);
  });

  it('takes no session that is gone or needs nothing', () => {
    const members = [member('nina', session('s1', { state: 'offline' }), session('s2', { status: 'working' }), session('s3', { state: 'away', deviceId: 'other' }))];
    expect(keys(members)).toEqual(['other s3 5']);
  });

  it('counts from the presence where a session does not tell', () => {
    expect(waitingIn({ members: [member('nina', session('s1'))], asks: [] })[0]?.since).toBe(5);
  });
});

describe('keys', () => {
  it('differ where devices gave their sessions the same id, as a member may do on purpose', () => {
    const members = [
      member('nina', session('s1', { deviceId: 'box', statusSince: 7 }), session('s1', { deviceId: 'tower', statusSince: 7 })),
      member('mallory', session('s1', { deviceId: 'fake', statusSince: 7 })),
    ];
    const waiting = waitingIn({ members, asks: [] });
    expect(new Set(waiting.map(({ key }) => key)).size).toBe(3);
    expect(new Announced().news(waiting)).toHaveLength(3);
  });
});

describe('Announced', () => {
  it('tells each thing once, also when the connection was lost meanwhile, and again when it begins anew', () => {
    const announced = new Announced();
    const at = (statusSince: number) => waitingIn({ members: [member('nina', session('s1', { statusSince }))], asks: [] });
    expect(announced.news(at(10))).toHaveLength(1);
    expect(announced.news(at(10))).toEqual([]);
    expect(announced.news([])).toEqual([]);
    expect(announced.news(at(10))).toEqual([]);
    expect(announced.news(at(20)).map(({ key }) => key)).toEqual(['box s1 20']);
  });
});
