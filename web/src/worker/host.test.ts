import { describe, expect, it, vi } from 'vitest';
import type { Peer, PeerEvent } from '../peer/api';
import type { FromPage, ToPage } from '../rpc/messages';
import { Host, type PagePort, type Program } from './host';

/** A page's end of a port, with what it was told. */
function page(host: Host) {
  const told: ToPage[] = [];
  let deliver!: (message: FromPage) => void;
  const port: PagePort = { post: (message) => told.push(message), listen: (listener) => (deliver = listener) };
  host.attach(port);
  let id = 0;
  return {
    told,
    ask(method: string, ...args: unknown[]) {
      deliver({ t: 'call', id: ++id, method, args } as FromPage);
      return id;
    },
    bye: () => deliver({ t: 'bye' }),
    answer: (asked: number) => told.find((message) => message.t !== 'event' && message.id === asked),
    events: () => told.flatMap((message) => (message.t === 'event' ? [message.event.type] : [])),
  };
}

/** A peer that answers as told, and whose program ends when told. */
function program(methods: Partial<Record<keyof Peer, unknown>> = {}) {
  const listeners = new Set<(event: PeerEvent) => void>();
  let end!: (reason: string) => void;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const started = { version: '1', build: 'b', persisted: true, startMs: 1 };
  const peer = {
    start: vi.fn(() => Promise.resolve(started)),
    meshes: vi.fn(() => Promise.resolve([])),
    on: (listener: (event: PeerEvent) => void) => listeners.add(listener),
    ...methods,
  } as unknown as Peer;
  const run: Program = { peer, ended };
  return { run, peer, end, started, emit: (event: PeerEvent) => listeners.forEach((listener) => listener(event)) };
}

function hostOf(boots: (() => Promise<Program>)[]) {
  const pauses: { ms: number; go: () => void }[] = [];
  let clock = 0;
  const host = new Host({
    boot: () => (boots.shift() ?? (() => new Promise<Program>(() => undefined)))(),
    pause: (ms) => new Promise((resolve) => pauses.push({ ms, go: resolve })),
    now: () => clock,
  });
  return { host, pauses, advance: (ms: number) => (clock += ms) };
}

/** Lets every promise that can settle do so. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('the host', () => {
  it('starts the peer once for all pages', async () => {
    const one = program();
    const { host } = hostOf([() => Promise.resolve(one.run)]);
    const a = page(host);
    const b = page(host);
    const first = a.ask('start', { relay: 'r', build: 'b' });
    const second = b.ask('start', { relay: 'other', build: 'b' });
    void host.run();
    await settle();
    expect(one.peer.start).toHaveBeenCalledTimes(1);
    expect(one.peer.start).toHaveBeenCalledWith({ relay: 'r', build: 'b' });
    expect(a.answer(first)).toEqual({ t: 'result', id: first, value: one.started });
    expect(b.answer(second)).toEqual({ t: 'result', id: second, value: one.started });
  });

  it('keeps calls until the peer has started', async () => {
    const one = program();
    const { host } = hostOf([() => Promise.resolve(one.run)]);
    const a = page(host);
    const asked = a.ask('meshes');
    void host.run();
    await settle();
    expect(one.peer.meshes).not.toHaveBeenCalled();
    a.ask('start', {});
    await settle();
    expect(a.answer(asked)).toEqual({ t: 'result', id: asked, value: [] });
  });

  it('refuses methods that the peer does not have', async () => {
    const { host } = hostOf([() => Promise.resolve(program().run)]);
    const a = page(host);
    a.ask('start', {});
    const asked = ['on', 'constructor', 'toString', '__proto__'].map((method) => a.ask(method));
    void host.run();
    await settle();
    for (const id of asked) expect(a.answer(id)).toMatchObject({ t: 'refused', error: { code: 'bad_call' } });
  });

  it('passes a refusal on with its code', async () => {
    const refusal = Object.assign(new Error('gone'), { name: 'PeerError', code: 'expired', retry: false });
    const one = program({ meshes: () => Promise.reject(refusal) });
    const { host } = hostOf([() => Promise.resolve(one.run)]);
    const a = page(host);
    a.ask('start', {});
    const asked = a.ask('meshes');
    void host.run();
    await settle();
    expect(a.answer(asked)).toEqual({
      t: 'refused',
      id: asked,
      error: { name: 'PeerError', code: 'expired', message: 'gone', retry: false },
    });
  });

  it('hands events to all pages but those that left', async () => {
    const one = program();
    const { host } = hostOf([() => Promise.resolve(one.run)]);
    const a = page(host);
    const b = page(host);
    void host.run();
    await settle();
    b.bye();
    one.emit({ type: 'meshes' });
    expect(a.events()).toEqual(['meshes']);
    expect(b.events()).toEqual([]);
  });

  it('starts a program again that ended: refuses what was in flight, listens anew, tells the pages', async () => {
    const one = program({ meshes: () => new Promise(() => undefined) });
    const two = program();
    const { host, pauses } = hostOf([() => Promise.resolve(one.run), () => Promise.resolve(two.run)]);
    const a = page(host);
    a.ask('start', { relay: 'r' });
    const cut = a.ask('meshes');
    void host.run();
    await settle();
    one.end('exit code 2');
    await settle();
    expect(a.answer(cut)).toMatchObject({ t: 'refused', error: { code: 'restarted', retry: true } });
    const kept = a.ask('meshes');
    pauses[0]!.go();
    await settle();
    expect(two.peer.start).toHaveBeenCalledWith({ relay: 'r' });
    expect(a.answer(kept)).toEqual({ t: 'result', id: kept, value: [] });
    two.emit({ type: 'meshes' });
    expect(a.told).toContainEqual({ t: 'event', event: { type: 'restarted', reason: 'exit code 2' } });
    expect(a.events()).toEqual(['restarted', 'meshes']);
  });

  it('gives no second answer to a call that a restart refused', async () => {
    let answer!: (value: unknown) => void;
    const one = program({ meshes: () => new Promise((resolve) => (answer = resolve)) });
    const { host } = hostOf([() => Promise.resolve(one.run)]);
    const a = page(host);
    a.ask('start', {});
    const asked = a.ask('meshes');
    void host.run();
    await settle();
    one.end('exit code 2');
    await settle();
    answer([]);
    await settle();
    expect(a.told.filter((message) => message.t !== 'event' && message.id === asked)).toHaveLength(1);
  });

  it('waits longer from failure to failure, and short again after a sound run', async () => {
    const failing = () => Promise.reject(new Error('no wasm'));
    const long = program();
    const { host, pauses, advance } = hostOf([failing, failing, failing, () => Promise.resolve(long.run)]);
    void host.run();
    for (let turn = 0; turn < 3; turn++) {
      await settle();
      pauses.at(-1)!.go();
    }
    await settle();
    const [first, second, third] = pauses.map(({ ms }) => ms);
    expect(second).toBeGreaterThan(first!);
    expect(third).toBeGreaterThan(second!);
    advance(3_600_000);
    long.end('exit code 2');
    await settle();
    expect(pauses).toHaveLength(4);
    expect(pauses[3]!.ms).toBeLessThan(third!);
  });

  it('says why it could not boot', async () => {
    const { host } = hostOf([() => Promise.reject(new Error('404'))]);
    const a = page(host);
    const asked = a.ask('start', {});
    await settle();
    void host.run();
    await settle();
    expect(a.answer(asked)).toMatchObject({ t: 'refused', error: { code: 'boot_failed', message: '404', retry: true } });
  });

  it('tries a start again that failed', async () => {
    const start = vi.fn(() => Promise.reject(Object.assign(new Error('full'), { code: 'storage', retry: true })));
    const one = program({ start });
    const { host } = hostOf([() => Promise.resolve(one.run)]);
    const a = page(host);
    const first = a.ask('start', {});
    void host.run();
    await settle();
    expect(a.answer(first)).toMatchObject({ t: 'refused', error: { code: 'storage' } });
    a.ask('start', {});
    await settle();
    expect(start).toHaveBeenCalledTimes(2);
  });

  it('refuses everything once a newer build has taken over', async () => {
    const one = program({ meshes: () => new Promise(() => undefined) });
    const { host } = hostOf([() => Promise.resolve(one.run)]);
    const a = page(host);
    a.ask('start', {});
    const cut = a.ask('meshes');
    void host.run();
    await settle();
    host.supersede();
    const late = a.ask('meshes');
    await settle();
    expect(a.events()).toEqual(['superseded']);
    for (const id of [cut, late]) expect(a.answer(id)).toMatchObject({ t: 'refused', error: { code: 'superseded' } });
  });
});
