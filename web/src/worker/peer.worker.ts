/**
 * The worker that runs the browser peer: a module SharedWorker for all tabs, or, where there is none, one dedicated
 * worker for each tab of which one leads. It holds no logic of the protocol; that is the Go program's.
 */
import { portOver } from '../rpc/portable';
import type { FromPage, ToPage } from '../rpc/messages';
import { elect, ELECTION_CHANNEL, type Candidate, type Locks } from './election';
import { Follower } from './follower';
import { Host } from './host';
import { boot } from './program';
import { watchSockets } from './sockets';

declare const self: (SharedWorkerGlobalScope | DedicatedWorkerGlobalScope) & typeof globalThis;

watchSockets();

const me: Candidate = { build: import.meta.url, since: performance.timeOrigin };
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const host = new Host({ boot, pause, now: () => performance.now() });

/** `null` where one worker serves all tabs. */
let follower: Follower | null = null;

const { steal } = elect(me, new BroadcastChannel(ELECTION_CHANNEL), navigator.locks as Locks, {
  lead() {
    follower?.lead();
    void host.run();
  },
  yield() {
    (follower ?? host).supersede();
    // A turn later, so that the message to the pages is out.
    setTimeout(() => self.close(), 0);
  },
});

if ('onconnect' in self) {
  self.onconnect = ({ ports }) => {
    for (const port of ports) host.attach(portOver<ToPage, FromPage>(port));
  };
} else {
  const channel = new BroadcastChannel(`claudemesh-peer ${me.build}`);
  follower = new Follower(portOver<ToPage, FromPage>(self), crypto.randomUUID(), channel, host, { pause, steal });
}
