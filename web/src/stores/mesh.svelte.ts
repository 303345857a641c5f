import type { ConversationId, Member, MeshState, Message, Peer, Problem, Topic } from '../peer/api';
import { nameKey, sharedNames, shortId } from '../text/names';
import { toProblem } from '../text/problem';
import { ConversationStore } from './conversation.svelte';
import { coalesce } from './refresh';

/** One mesh as the peer last described it, and the conversations of it that were opened. */
export class MeshStore {
  readonly meshId: string;
  state = $state.raw<MeshState | null>(null);
  problem = $state.raw<Problem | null>(null);

  readonly members: ReadonlyMap<string, Member> = $derived(
    new Map((this.state?.members ?? []).map((member) => [member.memberId, member])),
  );
  readonly topics: ReadonlyMap<string, Topic> = $derived(
    new Map((this.state?.topics ?? []).map((topic) => [topic.topicId, topic])),
  );
  /** Whether this member may invite and this device may still act. */
  readonly mayInvite: boolean = $derived(
    (this.state?.role === 'owner' || this.state?.role === 'admin') && this.state.connection !== 'removed',
  );
  /** Nobody else is in the mesh yet. */
  readonly alone: boolean = $derived(this.state?.members.length === 1);
  readonly #ambiguous = $derived(sharedNames(this.state?.members ?? []));

  readonly #peer: Peer;
  readonly #conversations = new Map<ConversationId, ConversationStore>();
  readonly #read: () => Promise<void>;

  constructor(peer: Peer, meshId: string) {
    this.#peer = peer;
    this.meshId = meshId;
    this.#read = coalesce(
      async () => {
        this.state = await peer.mesh(meshId);
        this.problem = null;
      },
      (thrown) => {
        this.problem = toProblem(thrown);
        if (this.problem.code !== 'unknown_mesh') return;
        // Left, here or in another tab: nothing of it is to be shown any more.
        this.state = null;
        this.#conversations.clear();
      },
    );
  }

  reload(): Promise<void> {
    return this.#read();
  }

  hear(message: Message, isNew: boolean): void {
    this.#conversations.get(message.conversation)?.hear(message, isNew);
    void this.reload();
  }

  /** After a restart of the peer: what is shown is read anew. */
  startOver(): void {
    void this.reload();
    for (const conversation of this.#conversations.values()) void conversation.open();
  }

  conversation(id: ConversationId): ConversationStore {
    let store = this.#conversations.get(id);
    if (!store) {
      store = new ConversationStore(this.#peer, this.meshId, id);
      this.#conversations.set(id, store);
    }
    return store;
  }

  /** `#general`, which every mesh has. */
  get general(): Topic | undefined {
    return this.state?.topics.find((topic) => topic.name === 'general');
  }

  /** Two members can bear one name; then the short id stands behind it. */
  isAmbiguous(name: string): boolean {
    return this.#ambiguous.has(nameKey(name));
  }

  nameOf(memberId: string): string {
    const name = this.members.get(memberId)?.name;
    return name === undefined || name === '' ? shortId(memberId) : name;
  }
}
