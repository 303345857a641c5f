import type { Peer, Suggestion } from '../peer/api';

/** Suggestions while something is typed. Answers that come late, for what is no longer there, are let go. */
export class Completion {
  items = $state.raw<Suggestion[]>([]);
  active = $state(0);
  /** Something fits what was asked for last, or may: the answer is not there yet. Stays so when the list is closed. */
  fits = $state(false);

  readonly #peer: Peer;
  readonly #most: number;
  #asked = 0;
  #closed = false;

  /** Shows at most so many. */
  constructor(peer: Peer, most = Number.POSITIVE_INFINITY) {
    this.#peer = peer;
    this.#most = most;
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
    this.fits = known.length > 0;
    if (this.#closed) return;
    this.items = known.slice(0, this.#most);
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
