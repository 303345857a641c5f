import type { Peer, PeerEvent, Started, StartOptions } from '../peer/api';
import { localRefusal, SUPERSEDED, toRefusal, type Refusal } from '../rpc/errors';
import { isMethod } from '../rpc/methods';
import type { Call, FromPage, Port, ToPage } from '../rpc/messages';

/** One run of the Go program. */
export interface Program {
  peer: Peer;
  /** Resolves with a short reason when the program has exited; never rejects. */
  ended: Promise<string>;
}

export interface HostDependencies {
  boot(): Promise<Program>;
  /** Resolves after so many milliseconds. */
  pause(ms: number): Promise<void>;
  /** Milliseconds on a clock that only rises. */
  now(): number;
}

export type PagePort = Port<ToPage, FromPage>;

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;
/** A program that ran this long is taken as sound: the next failure begins with the shortest pause again. */
const SOUND_AFTER = 60_000;

/** Serves one peer to many pages: runs the program, starts it again when it ends, answers calls, hands out events. */
export class Host {
  readonly #deps: HostDependencies;
  readonly #calls = new Map<PagePort, Set<number>>();
  #ready = gate<Peer>();
  #starting: Promise<Started> | null = null;
  #options = gate<StartOptions>();
  #superseded = false;

  constructor(deps: HostDependencies) {
    this.#deps = deps;
  }

  attach(port: PagePort): void {
    if (this.#calls.has(port)) return;
    this.#calls.set(port, new Set());
    port.listen((message) => {
      if (message.t === 'bye') this.#calls.delete(port);
      else void this.#answer(port, message);
    });
  }

  /** Takes over from a worker that is gone: its pages have called `start` already and will not do so again. */
  adopt(options: StartOptions): void {
    this.#options.open(options);
  }

  /** Runs the program until this worker is superseded. */
  async run(): Promise<void> {
    let failures = 0;
    let runs = 0;
    let reason = '';
    while (!this.#superseded) {
      const since = this.#deps.now();
      let lost = RESTARTED;
      try {
        const program = await this.#deps.boot();
        program.peer.on((event) => this.#tell(event));
        this.#ready.open(program.peer);
        const started = this.#options.opened.then((options) => this.#start(program.peer, options));
        void this.#announce(started, runs++ > 0 ? reason : null);
        reason = await program.ended;
      } catch (thrown) {
        lost = localRefusal('boot_failed', toRefusal(thrown).message, true);
      }
      this.#refuseAll(lost);
      this.#ready = gate<Peer>();
      this.#starting = null;
      failures = this.#deps.now() - since > SOUND_AFTER ? 0 : failures + 1;
      await this.#deps.pause(Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE));
    }
  }

  /** A newer build takes over: pages are told, and from now on every call is refused. */
  supersede(): void {
    this.#superseded = true;
    this.#tell({ type: 'superseded' });
    this.#refuseAll(SUPERSEDED);
  }

  async #answer(port: PagePort, call: Call): Promise<void> {
    const waiting = this.#calls.get(port);
    if (!waiting) return;
    waiting.add(call.id);
    let message: ToPage;
    try {
      message = { t: 'result', id: call.id, value: await this.#perform(call) };
    } catch (thrown) {
      message = { t: 'refused', id: call.id, error: isRefusal(thrown) ? thrown : toRefusal(thrown) };
    }
    // A call that a restart has refused already gets no second answer.
    if (waiting.delete(call.id)) port.post(message);
  }

  async #perform({ method, args }: Call): Promise<unknown> {
    if (this.#superseded) throw SUPERSEDED;
    if (!isMethod(method)) throw localRefusal('bad_call', 'The peer has no such method.', false);
    if (method === 'start') this.#options.open(args[0] as StartOptions);
    const options = await this.#options.opened;
    const peer = await this.#ready.opened;
    const started = await this.#start(peer, options);
    if (method === 'start') return started;
    return await (peer[method] as (...args: unknown[]) => Promise<unknown>)(...args);
  }

  /** All pages share one start; one that failed is tried again by the next call. */
  #start(peer: Peer, options: StartOptions): Promise<Started> {
    const starting = (this.#starting ??= peer.start(options));
    starting.catch(() => {
      if (this.#starting === starting) this.#starting = null;
    });
    return starting;
  }

  /** Pages read everything anew when they hear of a restart, so they hear of it when there is something to read. */
  async #announce(started: Promise<Started>, restartReason: string | null): Promise<void> {
    await started.catch(() => undefined);
    if (restartReason !== null) this.#tell({ type: 'restarted', reason: restartReason });
  }

  #tell(event: PeerEvent): void {
    for (const port of this.#calls.keys()) port.post({ t: 'event', event });
  }

  #refuseAll(error: Refusal): void {
    for (const [port, waiting] of this.#calls) {
      for (const id of waiting) port.post({ t: 'refused', id, error });
      waiting.clear();
    }
  }
}

const RESTARTED = localRefusal('restarted', 'The peer was restarted before it could answer.', true);

function isRefusal(thrown: unknown): thrown is Refusal {
  return typeof thrown === 'object' && thrown !== null && !(thrown instanceof Error) && 'code' in thrown;
}

interface Gate<T> {
  opened: Promise<T>;
  open(value: T): void;
}

function gate<T>(): Gate<T> {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
