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
const host = new Host({
  boot,
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  now: () => performance.now(),
});

let lead = () => void host.run();
let supersede = () => host.supersede();
if ('onconnect' in self) {
  self.onconnect = ({ ports }) => {
    for (const port of ports) host.attach(portOver<ToPage, FromPage>(port));
  };
} else {
  const page = portOver<ToPage, FromPage>(self);
  const follower = new Follower(page, crypto.randomUUID(), new BroadcastChannel(`claudemesh-peer ${me.build}`), host);
  lead = () => {
    follower.lead();
    void host.run();
  };
  supersede = () => follower.supersede();
}

elect(me, new BroadcastChannel(ELECTION_CHANNEL), navigator.locks as Locks, {
  lead,
  yield() {
    supersede();
    // A turn later, so that the message to the pages is out.
    setTimeout(() => self.close(), 0);
  },
});
