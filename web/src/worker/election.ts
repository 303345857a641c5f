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

export interface Locks {
  request(name: string, held: () => Promise<void>): Promise<unknown>;
}

/** A BroadcastChannel, as far as it is used here. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

export interface Outcome {
  /** The lock is held. It stays held until the worker ends. */
  lead(): void;
  /** Another build takes over. The worker must end, which frees the lock. */
  yield(): void;
}

export function elect(me: Candidate, channel: Channel, locks: Locks, outcome: Outcome): void {
  let yielded = false;

  channel.onmessage = ({ data }) => {
    if (yielded || !isCandidate(data) || data.build === me.build) return;
    if (newer(data, me)) {
      yielded = true;
      outcome.yield();
    } else {
      // It may have begun to listen after our claim was sent.
      channel.postMessage(me);
    }
  };
  channel.postMessage(me);

  void locks.request(LOCK, () => {
    if (yielded) return Promise.resolve();
    outcome.lead();
    return new Promise<void>(() => undefined);
  });
}

function newer(a: Candidate, b: Candidate): boolean {
  return a.since === b.since ? a.build > b.build : a.since > b.since;
}

function isCandidate(data: unknown): data is Candidate {
  const candidate = data as Partial<Candidate> | null;
  return typeof candidate?.build === 'string' && typeof candidate.since === 'number';
}
