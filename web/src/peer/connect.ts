import workerURL from '../worker/peer.worker?worker&url';
import { portOver } from '../rpc/portable';
import type { FromPage, ToPage } from '../rpc/messages';
import { createClient, WORKER_LOST, type PeerClient } from './client';

/** Names the build of this page by the content of its worker. */
export const BUILD = workerURL.slice(workerURL.lastIndexOf('/') + 1);

/** The one URL that the content security policy's Trusted Types let this page run as a script. */
function trustedWorkerURL(): string {
  if (!window.trustedTypes) return workerURL;
  const policy = window.trustedTypes.createPolicy('claudemesh-worker', {
    createScriptURL(url) {
      if (url !== workerURL) throw new TypeError('This page runs no other worker.');
      return url;
    },
  });
  return policy.createScriptURL(workerURL) as string;
}

export interface Connection {
  /** Usable at once; calls wait until the worker is attached. */
  client: PeerClient;
  /** Attaches this page to the peer's worker: one for all tabs, or, where there is no such thing, one of its own. */
  attach(): void;
}

export function openConnection(): Connection {
  let listener: (message: ToPage) => void = () => undefined;
  const kept: FromPage[] = [];
  let post: (message: FromPage) => void = (message) => void kept.push(message);
  const client = createClient({
    post: (message) => post(message),
    listen(given) {
      listener = given;
    },
  });

  function attach(): void {
    const worker = startWorker();
    const port = portOver<FromPage, ToPage>(worker instanceof Worker ? worker : worker.port);
    let heard = false;
    port.listen((message) => {
      heard = true;
      listener(message);
    });
    // A dedicated worker reports every uncaught error here; only one that never spoke could not be loaded.
    worker.addEventListener('error', () => {
      if (!heard) client.fail(WORKER_LOST);
    });
    post = (message) => port.post(message);
    for (const message of kept.splice(0)) post(message);
    window.addEventListener('pagehide', ({ persisted }) => {
      if (!persisted) client.bye();
    });
  }

  return { client, attach };
}

function startWorker(): SharedWorker | Worker {
  const options = { type: 'module', name: 'claudemesh' } as const;
  const url = trustedWorkerURL();
  return 'SharedWorker' in window ? new SharedWorker(url, options) : new Worker(url, options);
}
