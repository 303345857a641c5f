import { describe, expect, it, vi } from 'vitest';
import type { Peer, PeerEvent } from '../peer/api';
import type { FromPage, ToPage } from '../rpc/messages';
import type { Channel } from './election';
import { Follower } from './follower';
import { Host } from './host';

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A browser without SharedWorker: each tab has a worker with a host of its own, and all share a channel. */
function browser() {
  const channels = new Map<string, Channel>();

  function tab(name: string) {
    const told: ToPage[] = [];
    const listeners = new Set<(event: PeerEvent) => void>();
    let deliver!: (message: FromPage) => void;
    const calls: string[] = [];
    let stuck = false;
    const peer = {
      start: (options: { relay: string }) => Promise.resolve(calls.push(`start ${options.relay}`)),
      meshes: () => (stuck ? new Promise(() => undefined) : Promise.resolve([{ name }])),
      on: (listener: (event: PeerEvent) => void) => listeners.add(listener),
    } as unknown as Peer;
    const host = new Host({
      boot: () => Promise.resolve({ peer, ended: new Promise(() => undefined) }),
      pause: () => new Promise(() => undefined),
      now: () => 0,
    });
    const channel: Channel = {
      onmessage: null,
      postMessage(message) {
        if (!channels.has(name)) return;
        for (const [other, { onmessage }] of channels) {
          const data: unknown = structuredClone(message);
          if (other !== name) queueMicrotask(() => channels.has(other) && onmessage?.({ data } as MessageEvent));
        }
      },
    };
    channels.set(name, channel);
    const port = { post: (message: ToPage) => told.push(message), listen: (heard: typeof deliver) => (deliver = heard) };
    const pauses: (() => void)[] = [];
    const steal = vi.fn();
    const pause = () => new Promise<void>((resolve) => pauses.push(resolve));
    const follower = new Follower(port, name, channel, host, { pause, steal });
    let id = 0;
    return {
      calls,
      follower,
      steal,
      /** Lets the time of all present pauses pass. */
      async wait() {
        for (const go of pauses.splice(0)) go();
        await settle();
      },
      ask(method: string, ...args: unknown[]) {
        deliver({ t: 'call', id: ++id, method, args } as FromPage);
        return id;
      },
      answer: (asked: number) => told.find((message) => message.t !== 'event' && message.id === asked),
      events: () => told.flatMap((message) => (message.t === 'event' ? [message.event] : [])),
      emit: (event: PeerEvent) => listeners.forEach((listener) => listener(event)),
      stick: () => (stuck = true),
      lead() {
        follower.lead();
        void host.run();
      },
      close: () => channels.delete(name),
    };
  }
  return { tab };
}

describe('followers', () => {
  it('answer through the leader, whichever comes first', async () => {
    const { tab } = browser();
    const early = tab('early');
    const start = early.ask('start', { relay: 'r' });
    const asked = early.ask('meshes');
    const leader = tab('leader');
    leader.lead();
    await settle();
    const late = tab('late');
    await settle();
    late.ask('start', { relay: 'r' });
    const lateAsked = late.ask('meshes');
    await settle();
    expect(early.answer(start)).toMatchObject({ t: 'result' });
    expect(early.answer(asked)).toMatchObject({ t: 'result', value: [{ name: 'leader' }] });
    expect(late.answer(lateAsked)).toMatchObject({ t: 'result', value: [{ name: 'leader' }] });
    expect(early.calls).toEqual([]);
  });

  it('hear the events of the leader', async () => {
    const { tab } = browser();
    const leader = tab('leader');
    leader.lead();
    const follower = tab('follower');
    await settle();
    leader.emit({ type: 'meshes' });
    await settle();
    expect(follower.events()).toEqual([{ type: 'meshes' }]);
    expect(leader.events()).toEqual([{ type: 'meshes' }]);
  });

  it('take over with what their page had started, refuse what was cut off, and tell the page to read anew', async () => {
    const { tab } = browser();
    const leader = tab('leader');
    leader.lead();
    await settle();
    const heir = tab('heir');
    const other = tab('other');
    for (const page of [heir, other]) {
      page.ask('start', { relay: 'r' });
    }
    await settle();
    leader.stick();
    const cut = heir.ask('meshes');
    const cutOther = other.ask('meshes');
    await settle();
    leader.close();
    heir.lead();
    await settle();
    const refused = { t: 'refused', error: { code: 'restarted', retry: true } };
    expect(heir.answer(cut)).toMatchObject(refused);
    expect(other.answer(cutOther)).toMatchObject(refused);
    expect(heir.calls).toEqual(['start r']);
    for (const page of [heir, other]) {
      expect(page.events()).toContainEqual({ type: 'restarted', reason: 'moved' });
      const asked = page.ask('meshes');
      await settle();
      expect(page.answer(asked)).toMatchObject({ t: 'result', value: [{ name: 'heir' }] });
    }
  });

  it('take the lead from a leader that does not answer, but not from one that is only slow', async () => {
    const { tab } = browser();
    const leader = tab('leader');
    leader.lead();
    await settle();
    const follower = tab('follower');
    await settle();
    follower.ask('start', { relay: 'r' });
    await settle();
    leader.stick();
    follower.ask('meshes');
    await settle();
    await follower.wait();
    await follower.wait();
    expect(follower.steal).not.toHaveBeenCalled();
    follower.ask('meshes');
    await settle();
    leader.close();
    await follower.wait();
    await follower.wait();
    expect(follower.steal).toHaveBeenCalledTimes(1);
  });

  it('tell their page when another build takes over', async () => {
    const { tab } = browser();
    const leader = tab('leader');
    leader.lead();
    const follower = tab('follower');
    await settle();
    follower.follower.supersede();
    expect(follower.events()).toEqual([{ type: 'superseded' }]);
    expect(leader.events()).toEqual([]);
  });
});
