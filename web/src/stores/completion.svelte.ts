import type { Peer, Suggestion } from '../peer/api';

/** Suggestions while something is typed. Answers that come late, for what is no longer there, are let go. */
export class Completion {
  items = $state.raw<Suggestion[]>([]);
  active = $state(0);
  /** Something fits what was asked for last, or may: the answer is not there yet. Stays so when the list is closed. */
  fits = $state(false);

  readonly #peer: Peer;
  readonly #most: number;
  readonly #more: (prefix: string) => Suggestion[];
  #asked = 0;
  #closed = false;

  /** Shows at most so many: those of the peer, and then `more`. */
  constructor(peer: Peer, most = Number.POSITIVE_INFINITY, more: (prefix: string) => Suggestion[] = () => []) {
    this.#peer = peer;
    this.#most = most;
    this.#more = more;
  }

  get open(): boolean {
    return this.items.length > 0;
  }

  get chosen(): Suggestion | undefined {
    return this.items[this.active];
  }

  async ask(meshId: string, prefix: string): Promise<void> {
    const asked = ++this.#asked;
    this.#closed = false;
    this.fits = true;
    const known = await this.#peer.complete(meshId, prefix).catch(() => []);
    if (asked !== this.#asked) return;
    const items = [...known, ...this.#more(prefix).filter(({ target }) => known.every((one) => one.target !== target))];
    this.fits = items.length > 0;
    if (this.#closed) return;
    this.items = items.slice(0, this.#most);
    this.active = 0;
  }

  close(): void {
    this.#closed = true;
    this.items = [];
  }

  /** Goes round at both ends. */
  move(step: 1 | -1): void {
    const count = this.items.length;
    if (count > 0) this.active = (this.active + step + count) % count;
  }
}

/** The word before the caret, where it asks for suggestions: `@` or `#` at its beginning. */
export function wordToComplete(text: string, caret: number): { from: number; prefix: string } | null {
  const match = /(?:^|[\s(])([@#][^\s@#]*)$/.exec(text.slice(0, caret));
  const prefix = match?.[1];
  return prefix === undefined ? null : { from: caret - prefix.length, prefix };
}
