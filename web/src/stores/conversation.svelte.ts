import type { ConversationId, Message, Peer, Problem } from '../peer/api';
import { toProblem } from '../text/problem';
import { keepUnsaved, takeUnsaved } from './unsaved';

const PAGE = 60;
/** Above so many, what lies furthest back is let go when newer messages come; it is read again when scrolled to. */
const MOST = 600;

/** Somebody else's, so that a reply to it is an answer. */
function isQuestion(message: Message): boolean {
  return message.type === 'ask' && message.state === 'received';
}

/** The messages of one conversation that are loaded, and its draft. */
export class ConversationStore {
  readonly meshId: string;
  readonly id: ConversationId;
  messages = $state.raw<Message[]>([]);
  /** The first page is there. */
  loaded = $state(false);
  /** Whether the oldest message of this device is among those loaded. */
  complete = $state(false);
  loadingOlder = $state(false);
  problem = $state.raw<Problem | null>(null);
  replyTo = $state.raw<Message | null>(null);
  /** The one session of the member that was chosen to be written to, by its id, and its name; `null`: any of them. */
  session = $state.raw<{ id: string; name: string } | null>(null);
  /** Id of a message that is to be shown, once it is loaded. */
  sought = $state('');
  draft = $state('');
  /** Counts messages that others wrote since the page last showed the newest. */
  unseen = $state(0);
  /** `seq` of the first message that came when nobody looked; 0: none. */
  firstUnread = $state(0);
  /** The newest is on the screen, and the person looks at it. */
  watched = $state(false);

  readonly #peer: Peer;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #draftTouched = false;

  constructor(peer: Peer, meshId: string, id: ConversationId) {
    this.#peer = peer;
    this.meshId = meshId;
    this.id = id;
  }

  /** Reads the newest page. `unread` says how many of the messages the person has not seen yet. */
  async open(unread = 0): Promise<void> {
    try {
      const [page, draft] = await Promise.all([
        this.#peer.messages(this.meshId, this.id, 0, Math.max(PAGE, Math.min(unread + 10, MOST))),
        this.#peer.draft(this.meshId, this.id),
      ]);
      this.problem = null;
      this.#merge(page);
      this.complete ||= page.length < PAGE;
      if (!this.#draftTouched) this.#restore(draft);
      if (unread > 0) this.firstUnread = this.#unreadFrom(unread);
      this.loaded = true;
    } catch (thrown) {
      this.problem = toProblem(thrown);
    }
  }

  async loadOlder(): Promise<void> {
    const oldest = this.messages[0];
    if (this.complete || this.loadingOlder || !oldest) return;
    this.loadingOlder = true;
    try {
      const page = await this.#peer.messages(this.meshId, this.id, oldest.seq, PAGE);
      this.#merge(page);
      this.complete = page.length < PAGE;
    } catch (thrown) {
      this.problem = toProblem(thrown);
    } finally {
      this.loadingOlder = false;
    }
  }

  hear(message: Message, isNew: boolean): void {
    const known = this.messages.some(({ seq }) => seq === message.seq);
    const oldest = this.messages[0];
    // Older than what is loaded: it will come with its page.
    if (!known && oldest && message.seq < oldest.seq && !this.complete) return;
    this.#merge([message]);
    if (!isNew || known || message.state !== 'received') return;
    if (!this.watched && this.unseen === 0) this.firstUnread = message.seq;
    this.unseen++;
  }

  /** What there is was shown to the person. */
  async seen(): Promise<void> {
    this.unseen = 0;
    if (this.messages.length > MOST) {
      this.messages = this.messages.slice(-PAGE);
      this.complete = false;
    }
    await this.#peer.markRead(this.meshId, this.id).catch(() => undefined);
  }

  /** Keeps what is being written, a moment after the last key. */
  write(text: string): void {
    this.draft = text;
    this.#draftTouched = true;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => void this.saveNow(), 400);
  }

  async saveNow(): Promise<void> {
    clearTimeout(this.#saving);
    if (!this.#draftTouched) return;
    const text = this.draft;
    await this.#peer.saveDraft(this.meshId, this.id, text).catch(() => keepUnsaved(this.meshId, this.id, text));
  }

  #restore(draft: string): void {
    const unsaved = takeUnsaved(this.meshId, this.id);
    if (unsaved === '') this.draft = draft;
    else this.write(unsaved);
  }

  /** Sends the draft, to one `session` where that is given. A refusal puts the draft back and is thrown. */
  async send(session = ''): Promise<void> {
    const text = this.draft.trim();
    if (text === '') return;
    const replyTo = this.replyTo;
    const newest = this.messages.at(-1)?.seq ?? 0;
    this.write('');
    this.replyTo = null;
    try {
      const options: Parameters<Peer['send']>[0] = { meshId: this.meshId, target: this.id, text };
      if (session !== '') options.session = session;
      if (replyTo) options.replyTo = replyTo.id;
      if (replyTo && isQuestion(replyTo)) options.type = 'answer';
      this.#merge([await this.#peer.send(options)]);
      this.firstUnread = 0;
      await this.saveNow();
    } catch (thrown) {
      if (toProblem(thrown).code === 'restarted' && (await this.#wasSent(text, newest))) return;
      if (this.draft === '') this.write(text);
      this.replyTo ??= replyTo;
      throw thrown;
    }
  }

  /** Whether a peer that was restarted before it answered had stored the message already. */
  async #wasSent(text: string, after: number): Promise<boolean> {
    await this.open();
    return this.messages.some((message) => message.seq > after && message.state !== 'received' && message.text === text);
  }

  /** Sends a failed message again. It keeps its place. */
  async retry(message: Message): Promise<void> {
    this.#merge([await this.#peer.retry(this.meshId, message.id)]);
  }

  /** A message is known by its place: one that is sealed again gets another id. */
  #merge(news: readonly Message[]): void {
    const bySeq = new Map(this.messages.map((message) => [message.seq, message]));
    for (const message of news) bySeq.set(message.seq, message);
    this.messages = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  #unreadFrom(unread: number): number {
    const received = this.messages.filter((message) => message.state === 'received' && !message.gap);
    return received.at(-unread)?.seq ?? 0;
  }
}
