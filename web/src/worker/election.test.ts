import { describe, expect, it } from 'vitest';
import { elect, LOCK, type Candidate, type Channel, type Locks } from './election';

/** A browser: one lock manager, and channels that reach every other worker, in order, when `deliver` is called. */
function browser() {
  const queue: (() => void)[] = [];
  const channels = new Set<Channel>();
  const posts: (() => void)[] = [];
  /** Breaks the lock of the holder. */
  let held: ((broken: DOMException) => void) | null = null;

  const grant = () => {
    const next = held ? undefined : queue.shift();
    next?.();
  };

  function worker(candidate: Candidate) {
    const state = { leads: false, yielded: false };
    let alive = true;
    const channel: Channel = {
      onmessage: null,
      postMessage(message) {
        for (const other of channels) {
          if (other !== channel) posts.push(() => other.onmessage?.({ data: message } as MessageEvent));
        }
      },
    };
    channels.add(channel);
    const locks: Locks = {
      request(name, { steal }, run) {
        expect(name).toBe(LOCK);
        return new Promise((resolve, reject) => {
          const take = () => {
            if (!alive) return grant();
            held = reject;
            void run().then(() => {
              held = null;
              resolve(undefined);
              grant();
            });
          };
          if (steal) {
            held?.(new DOMException('stolen', 'AbortError'));
            take();
          } else {
            queue.push(take);
            grant();
          }
        });
      },
    };
    const end = () => {
      alive = false;
      channels.delete(channel);
      if (state.leads) held = null;
      state.leads = false;
      grant();
    };
    const { steal } = elect(candidate, channel, locks, {
      lead: () => (state.leads = true),
      yield() {
        state.yielded = true;
        end();
      },
    });
    return { state, end, steal };
  }

  const deliver = () => {
    for (let post = posts.shift(); post; post = posts.shift()) post();
  };
  return { worker, deliver };
}

describe('elect', () => {
  it('lets the first worker lead and the next of its build wait', () => {
    const { worker, deliver } = browser();
    const one = worker({ build: 'a', since: 1 });
    const two = worker({ build: 'a', since: 2 });
    deliver();
    expect([one.state.leads, two.state.leads]).toEqual([true, false]);
    one.end();
    expect(two.state).toMatchObject({ leads: true, yielded: false });
  });

  it('hands over to a build that was loaded later', () => {
    const { worker, deliver } = browser();
    const old = worker({ build: 'a', since: 1 });
    const fresh = worker({ build: 'b', since: 2 });
    expect(fresh.state.leads).toBe(false);
    deliver();
    expect(old.state.yielded).toBe(true);
    expect(fresh.state).toMatchObject({ leads: true, yielded: false });
  });

  it('sends home every worker of the older build, also those that wait', () => {
    const { worker, deliver } = browser();
    const leader = worker({ build: 'a', since: 1 });
    const waiting = worker({ build: 'a', since: 2 });
    const fresh = worker({ build: 'b', since: 3 });
    deliver();
    expect([leader.state.yielded, waiting.state.yielded]).toEqual([true, true]);
    expect(fresh.state.leads).toBe(true);
  });

  it('never ends with nobody, whatever the order in which two builds hear of each other', () => {
    for (const [first, second] of [
      [{ build: 'a', since: 5 }, { build: 'b', since: 9 }],
      [{ build: 'b', since: 9 }, { build: 'a', since: 5 }],
      [{ build: 'a', since: 5 }, { build: 'b', since: 5 }],
      [{ build: 'b', since: 5 }, { build: 'a', since: 5 }],
    ] as const) {
      const { worker, deliver } = browser();
      const workers = [worker(first), worker(second)];
      deliver();
      expect(workers.filter(({ state }) => state.leads)).toHaveLength(1);
      expect(workers.filter(({ state }) => state.yielded)).toHaveLength(1);
    }
  });

  it('lets a worker take the lead from one that was frozen, which yields when it thaws', async () => {
    const { worker, deliver } = browser();
    const frozen = worker({ build: 'a', since: 1 });
    const eager = worker({ build: 'a', since: 2 });
    deliver();
    eager.steal();
    expect(eager.state).toMatchObject({ leads: true, yielded: false });
    await Promise.resolve();
    await Promise.resolve();
    expect(frozen.state.yielded).toBe(true);
    expect(eager.state.leads).toBe(true);
  });

  it('does not care for what else is said on the channel', () => {
    const { worker, deliver } = browser();
    const one = worker({ build: 'a', since: 1 });
    worker({ build: 7, since: 'x' } as unknown as Candidate);
    deliver();
    expect(one.state).toMatchObject({ leads: true, yielded: false });
  });
});
