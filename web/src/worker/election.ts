/**
 * Decides which worker of this browser runs the peer.
 *
 * A Web Lock allows one at a time, whatever the build and whatever the kind of worker. Workers of one build queue for
 * it. Between builds, the worker that started later wins, since a page that was loaded later came from the newer
 * deployment: it claims over a channel, and every worker of another build that started earlier yields.
 */

export const LOCK = 'claudemesh-peer';
export const ELECTION_CHANNEL = 'claudemesh-peer-election';

export interface Candidate {
  /** Names the build by its content; equal for all workers of one deployment. */
  build: string;
  /** When the worker started, in milliseconds since 1970. */
  since: number;
}

/** The browser's LockManager, as far as it is used here. */
export interface Locks {
  request(name: string, options: { steal?: boolean }, held: () => Promise<void>): Promise<unknown>;
}

/** A BroadcastChannel, as far as it is used here. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

export interface Outcome {
  /** The lock is held. It stays held until the worker ends. */
  lead(): void;
  /** Another worker takes over. This one must end, which frees the lock. */
  yield(): void;
}

/** Takes part in the election, and gives the way to take the lock from a leader that does not answer. */
export function elect(me: Candidate, channel: Channel, locks: Locks, outcome: Outcome): { steal(): void } {
  let yielded = false;

  channel.onmessage = ({ data }) => {
    if (yielded || !isCandidate(data) || data.build === me.build) return;
    if (newer(data, me)) {
      withdraw();
    } else {
      // It may have begun to listen after our claim was sent.
      channel.postMessage(me);
    }
  };
  channel.postMessage(me);

  function withdraw(): void {
    if (yielded) return;
    yielded = true;
    outcome.yield();
  }

  let leads = false;
  function request(options: { steal?: boolean }): void {
    const held = () => {
      if (yielded || leads) return Promise.resolve();
      leads = true;
      outcome.lead();
      return new Promise<void>(() => undefined);
    };
    // It rejects when the lock was stolen: this worker had been frozen, and another leads.
    locks.request(LOCK, options, held).catch(withdraw);
  }

  request({});
  return { steal: () => request({ steal: true }) };
}

function newer(a: Candidate, b: Candidate): boolean {
  return a.since === b.since ? a.build > b.build : a.since > b.since;
}

function isCandidate(data: unknown): data is Candidate {
  const candidate = data as Partial<Candidate> | null;
  return typeof candidate?.build === 'string' && typeof candidate.since === 'number';
}
