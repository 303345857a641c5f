import type { MeshSummary, Peer, PeerEvent, Problem, Started, StartOptions } from '../peer/api';
import { missing, type Need, type Surroundings } from '../peer/support';
import { MOVED } from '../worker/follower';
import { toProblem } from '../text/problem';
import { MeshStore } from './mesh.svelte';
import { coalesce } from './refresh';
import { remembered } from './remembered';

export type Phase = 'starting' | 'ready' | 'unsupported' | 'failed' | 'superseded';

/** The page's own state: whether the peer runs, what it last said of itself, and the meshes that it is in. */
export class App {
  readonly peer: Peer;
  phase = $state<Phase>('starting');
  needs = $state.raw<Need[]>([]);
  problem = $state.raw<Problem | null>(null);
  started = $state.raw<Started | null>(null);
  /** The peer stopped and was started again; stays until dismissed. */
  restarted = $state(false);
  storageProblem = $state.raw<Problem | null>(null);
  meshes = $state.raw<MeshSummary[]>([]);
  /** Whether the browser promised to keep what is stored. */
  kept = $state(false);

  readonly #storage: Pick<StorageManager, 'persist'> | undefined;
  #askedToKeep = false;
  readonly #stores = new Map<string, MeshStore>();
  readonly #readMeshes: () => Promise<void>;

  /** `storage` is the browser's, where it has one. */
  constructor(peer: Peer, storage?: Pick<StorageManager, 'persist'>) {
    this.peer = peer;
    this.#storage = storage;
    this.#readMeshes = coalesce(
      async () => {
        this.meshes = await peer.meshes();
        void this.#askToKeep();
        for (const [meshId, store] of this.#stores) {
          if (!this.meshes.some((mesh) => mesh.meshId === meshId)) void store.reload();
        }
      },
      (thrown) => this.#fail(thrown),
    );
  }

  /** Looks at the browser, attaches the peer's worker, starts the peer and reads the meshes. */
  async start(options: StartOptions, around: Surroundings, attach: () => void): Promise<void> {
    this.needs = await missing(around);
    if (this.needs.length > 0) {
      this.phase = 'unsupported';
      return;
    }
    try {
      attach();
      this.started = await this.peer.start(options);
      this.kept = this.started.persisted;
      await this.reload();
      if (this.phase === 'starting') this.phase = 'ready';
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  hear(event: PeerEvent): void {
    switch (event.type) {
      case 'meshes':
        void this.reload();
        break;
      case 'mesh':
      case 'connection':
        void this.reload();
        void this.#stores.get(event.meshId)?.reload();
        break;
      case 'message':
        void this.reload();
        this.#stores.get(event.meshId)?.hear(event.message, event.isNew);
        break;
      case 'restarted':
        this.restarted ||= event.reason !== MOVED;
        void this.reload();
        for (const store of this.#stores.values()) store.startOver();
        break;
      case 'superseded':
        this.phase = 'superseded';
        break;
      case 'storage':
        this.storageProblem = event.problem;
        break;
      case 'marker':
        remembered.marker = event.marker;
    }
  }

  /** The state of one mesh, whether it is listed or not; made on first use and kept. */
  mesh(meshId: string): MeshStore {
    let store = this.#stores.get(meshId);
    if (!store) {
      store = new MeshStore(this.peer, meshId);
      this.#stores.set(meshId, store);
    }
    return store;
  }

  reload(): Promise<void> {
    return this.#readMeshes();
  }

  /** Asks once there is something to keep; a browser may put the question to the person. Only a page can ask. */
  async #askToKeep(): Promise<void> {
    if (this.#askedToKeep || this.kept || this.meshes.length === 0) return;
    this.#askedToKeep = true;
    this.kept = (await this.#storage?.persist().catch(() => false)) ?? false;
  }

  #fail(thrown: unknown): void {
    const problem = toProblem(thrown);
    if (problem.code === 'superseded') {
      this.phase = 'superseded';
    } else if (this.phase === 'starting') {
      this.problem = problem;
      this.phase = 'failed';
    }
  }
}
