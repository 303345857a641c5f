import { SvelteMap } from 'svelte/reactivity';
import type { ConversationId, Member, MeshState, Message, Peer, Problem, Topic } from '../peer/api';
import { nameKey, sharedNames, shortId } from '../text/names';
import { toProblem } from '../text/problem';
import { sessionName, sessionsOf, type MemberSessions } from '../text/sessions';
import { ConversationStore } from './conversation.svelte';
import { coalesce } from './refresh';
import { Announced, waitingIn, type Waiting } from './waiting';

/**
 * What is looked up in a state, made once for each. Not a `$derived`: that belongs to the component in which it was made
 * and goes stale with it, and a store outlives components.
 */
interface Index {
  of: MeshState | null;
  members: ReadonlyMap<string, Member>;
  topics: ReadonlyMap<string, Topic>;
  sharedNames: ReadonlySet<string>;
  waiting: readonly Waiting[];
  /** Message ids of the questions that wait for an answer. */
  asks: ReadonlySet<string>;
  /** By member id; filled as it is asked for. */
  sessions: Map<string, MemberSessions>;
}

/** One mesh as the peer last described it, and the conversations of it that were opened. */
export class MeshStore {
  readonly meshId: string;
  state = $state.raw<MeshState | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Whether the sessions of a member are listed, by its id, where the person chose. */
  readonly unfolded = new SvelteMap<string, boolean>();
  readonly announced = new Announced();

  #index: Index | null = null;
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

  get members(): ReadonlyMap<string, Member> {
    return this.#indexed().members;
  }

  get topics(): ReadonlyMap<string, Topic> {
    return this.#indexed().topics;
  }

  /** Whether this member may invite and this device may still act. */
  get mayInvite(): boolean {
    return (this.state?.role === 'owner' || this.state?.role === 'admin') && this.state.connection !== 'removed';
  }

  /** The relay tells who is here. */
  get connected(): boolean {
    return this.state?.connection === 'online';
  }

  /** Nobody else is in the mesh yet. */
  get alone(): boolean {
    return this.state?.members.length === 1;
  }

  /** `#general`, which every mesh has. */
  get general(): Topic | undefined {
    return this.state?.topics.find((topic) => topic.name === 'general');
  }

  /** What waits for this person, oldest first. */
  get waiting(): readonly Waiting[] {
    return this.#indexed().waiting;
  }

  /** Whether a message is a question to this person that waits for an answer. */
  isAsk(messageId: string): boolean {
    return this.#indexed().asks.has(messageId);
  }

  sessionsOf(member: Member): MemberSessions {
    const { sessions } = this.#indexed();
    let known = sessions.get(member.memberId);
    if (!known) sessions.set(member.memberId, (known = sessionsOf(member)));
    return known;
  }

  /** The name of a session where it says more than the member's name does, since the member has several; else empty. */
  sessionToTell(memberId: string, sessionId: string): string {
    const member = this.members.get(memberId);
    if (!member || sessionId === '') return '';
    const sessions = this.sessionsOf(member);
    return sessions.apart ? sessionName(member, sessions, sessionId) : '';
  }

  /** Two members can bear one name; then the short id stands behind it. */
  isAmbiguous(name: string): boolean {
    return this.#indexed().sharedNames.has(nameKey(name));
  }

  nameOf(memberId: string): string {
    const name = this.members.get(memberId)?.name;
    return name === undefined || name === '' ? shortId(memberId) : name;
  }

  #indexed(): Index {
    const { state } = this;
    if (this.#index === null || this.#index.of !== state) this.#index = indexOf(state);
    return this.#index;
  }
}

function indexOf(state: MeshState | null): Index {
  const members = state?.members ?? [];
  const topics = state?.topics ?? [];
  return {
    of: state,
    members: new Map(members.map((member) => [member.memberId, member])),
    topics: new Map(topics.map((topic) => [topic.topicId, topic])),
    sharedNames: sharedNames(members),
    waiting: state ? waitingIn(state) : [],
    asks: new Set(state?.asks.map(({ messageId }) => messageId)),
    sessions: new Map(),
  };
}
