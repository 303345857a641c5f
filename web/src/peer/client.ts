import { localRefusal, PeerFailure, SUPERSEDED, type Refusal } from '../rpc/errors';
import { METHODS, isRepeatable, type Method } from '../rpc/methods';
import type { FromPage, Port, ToPage } from '../rpc/messages';
import type { Peer, PeerEvent } from './api';

export type WorkerPort = Port<FromPage, ToPage>;

export interface PeerClient extends Peer {
  /** Tells the worker that this page goes away. */
  bye(): void;
  /** The worker could not be loaded or died: what is in flight and what is asked from now on fails with this. */
  fail(refusal: Refusal): void;
}

/** How often one call is made again by itself after restarts: a call that kills the peer must not do so forever. */
const ATTEMPTS = 3;

interface Pending {
  method: Method;
  args: unknown[];
  attempt: number;
  resolve(value: unknown): void;
  reject(error: PeerFailure): void;
}

/** The peer's interface over a port to the worker that runs it. */
export function createClient(port: WorkerPort): PeerClient {
  const pending = new Map<number, Pending>();
  const listeners = new Set<(event: PeerEvent) => void>();
  let lastId = 0;
  let failed: Refusal | null = null;

  function post(call: Pending): void {
    const id = ++lastId;
    pending.set(id, call);
    port.post({ t: 'call', id, method: call.method, args: call.args });
  }

  function refuse(call: Pending, error: Refusal): void {
    const again = error.code === 'restarted' && isRepeatable(call.method) && call.attempt < ATTEMPTS;
    if (again && !failed) post({ ...call, attempt: call.attempt + 1 });
    else call.reject(new PeerFailure(error));
  }

  function settle(message: Extract<ToPage, { id: number }>): void {
    const call = pending.get(message.id);
    if (!call) return;
    pending.delete(message.id);
    if (message.t === 'result') call.resolve(message.value);
    else refuse(call, message.error);
  }

  function fail(refusal: Refusal): void {
    failed = refusal;
    const waiting = [...pending.values()];
    pending.clear();
    for (const call of waiting) call.reject(new PeerFailure(refusal));
  }

  port.listen((message) => {
    if (message.t !== 'event') return settle(message);
    for (const listener of listeners) listener(message.event);
    // The worker ends after it said so, and answers nothing any more.
    if (message.event.type === 'superseded') fail(SUPERSEDED);
  });

  function ask(method: Method, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = { method, args, attempt: 1, resolve, reject };
      if (failed) call.reject(new PeerFailure(failed));
      else post(call);
    });
  }

  const calls = Object.fromEntries(METHODS.map((method) => [method, (...args: unknown[]) => ask(method, args)]));

  return {
    ...(calls as unknown as Omit<Peer, 'on'>),
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    bye() {
      port.post({ t: 'bye' });
    },
    fail,
  };
}

export const WORKER_LOST = localRefusal(
  'boot_failed',
  'The part of this page that runs in the background could not be loaded.',
  true,
);
