import '../generated/wasm_exec.js';
import peerURL from '../generated/peer.wasm?url';
import type { Peer } from '../peer/api';
import type { Program } from './host';
import { closeSockets } from './sockets';

/** What wasm_exec.js defines, as far as it is used here. */
interface GoRuntime {
  importObject: WebAssembly.Imports;
  exit: (code: number) => void;
  run(instance: WebAssembly.Instance): Promise<void>;
}

/** The global scope of the worker, as the Go program and wasm_exec.js use it. */
interface GoScope {
  Go: new () => GoRuntime;
  claudemeshPeer?: Peer;
  claudemeshReady?: () => void;
}

const scope = globalThis as unknown as GoScope;

let compiled: Promise<WebAssembly.Module> | null = null;

/** Compiled once, however often the program is started; a download that failed is tried again. */
function compile(): Promise<WebAssembly.Module> {
  const compiling = (compiled ??= WebAssembly.compileStreaming(fetch(peerURL)));
  compiling.catch(() => {
    if (compiled === compiling) compiled = null;
  });
  return compiling;
}

/** Starts the Go program and resolves once its API is there. */
export async function boot(): Promise<Program> {
  const module = await compile();
  const go = new scope.Go();
  let exitCode = 0;
  go.exit = (code) => {
    exitCode = code;
  };
  const instance = await WebAssembly.instantiate(module, go.importObject);

  const ready = new Promise<Peer>((resolve, reject) => {
    scope.claudemeshReady = () => {
      if (scope.claudemeshPeer) resolve(scope.claudemeshPeer);
      else reject(new Error('The peer program reported ready without an API.'));
    };
  });
  const ended = go.run(instance).then(
    () => `exit code ${exitCode}`,
    (thrown: unknown) => String(thrown),
  );
  const early = ended.then((reason) => {
    // What the dead program left open would hold its sessions and its lease on the relay.
    closeSockets();
    delete scope.claudemeshPeer;
    throw new Error(`The peer program ended: ${reason}.`);
  });
  early.catch(() => undefined);
  return { peer: await Promise.race([ready, early]), ended };
}
