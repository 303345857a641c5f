import type { StartOptions } from '../peer/api';
import { localRefusal } from '../rpc/errors';
import type { FromPage, ToPage } from '../rpc/messages';
import type { Channel } from './election';
import type { Host, PagePort } from './host';

/**
 * Stands between one page and the peer where there is no SharedWorker, so that each tab has a worker of its own. One of
 * those leads and runs the peer; the others pass their page's calls to it over a channel that they share.
 */
export type Parcel =
  | { t: 'from-page'; page: string; message: FromPage }
  | { t: 'to-page'; page: string; message: ToPage }
  /** The page exists and wants events. */
  | { t: 'attach'; page: string }
  | { t: 'who-leads' }
  | { t: 'leads'; term: string };

/** Reason of a `restarted` event that has nothing wrong in it: the tab that ran the peer was closed. */
export const MOVED = 'moved';

export interface Patience {
  /** Resolves after so many milliseconds. */
  pause(ms: number): Promise<void>;
  /** Takes the lead from a leader that does not answer, as one does in a tab that the browser froze. */
  steal(): void;
}

/** So long a call may take before the leader is asked whether it is there, and so long that may take. */
const LONG = 10_000;
const SILENCE = 3_000;

export class Follower {
  readonly #page: PagePort;
  readonly #id: string;
  readonly #channel: Channel;
  readonly #host: Host;
  readonly #patience: Patience;
  /** Rises with each sign of life of the leader. */
  #heard = 0;
  /** Calls that the leader was given and has not answered. */
  readonly #sent = new Set<number>();
  /** What the page said before any leader was known. */
  #kept: FromPage[] = [];
  #options: StartOptions | null = null;
  #leader: string | null = null;
  #toHost: ((message: FromPage) => void) | null = null;

  constructor(page: PagePort, id: string, channel: Channel, host: Host, patience: Patience) {
    this.#page = page;
    this.#id = id;
    this.#channel = channel;
    this.#host = host;
    this.#patience = patience;
    channel.onmessage = ({ data }) => this.#hear(data as Parcel);
    page.listen((message) => this.#fromPage(message));
    this.#send({ t: 'who-leads' });
  }

  /** This worker holds the lock now. The host is to be run by the caller. */
  lead(): void {
    this.#refuseSent();
    if (this.#options) this.#host.adopt(this.#options);
    this.#toHost = attachTo(this.#host, (message) => this.#toPage(message));
    this.#serveOthers();
    if (this.#leader !== null) this.#toPage({ t: 'event', event: { type: 'restarted', reason: MOVED } });
    this.#leader = this.#id;
    this.#flush();
    this.#send({ t: 'leads', term: this.#id });
  }

  /** Another build takes over. A worker that leads has the host tell every page. */
  supersede(): void {
    if (this.#toHost) this.#host.supersede();
    else this.#page.post({ t: 'event', event: { type: 'superseded' } });
  }

  #fromPage(message: FromPage): void {
    if (message.t === 'call' && message.method === 'start') this.#options = message.args[0] as StartOptions;
    if (this.#leader === null) {
      this.#kept.push(message);
      return;
    }
    if (message.t === 'call') this.#sent.add(message.id);
    if (this.#toHost) {
      this.#toHost(message);
      return;
    }
    this.#send({ t: 'from-page', page: this.#id, message });
    if (message.t === 'call') void this.#watch(message.id);
  }

  async #watch(id: number): Promise<void> {
    await this.#patience.pause(LONG);
    if (!this.#sent.has(id) || this.#toHost) return;
    const heard = this.#heard;
    this.#send({ t: 'who-leads' });
    await this.#patience.pause(SILENCE);
    if (this.#heard === heard && !this.#toHost) this.#patience.steal();
  }

  #toPage(message: ToPage): void {
    if (message.t !== 'event' && !this.#sent.delete(message.id)) return;
    this.#page.post(message);
  }

  #hear(parcel: Parcel): void {
    if (parcel.t === 'leads') this.#follow(parcel.term);
    else if (parcel.t === 'to-page' && parcel.page === this.#id) this.#toPage(parcel.message);
    else return;
    this.#heard++;
  }

  #follow(term: string): void {
    if (term === this.#leader) return;
    const moved = this.#leader !== null;
    this.#leader = term;
    this.#refuseSent();
    this.#send({ t: 'attach', page: this.#id });
    this.#flush();
    if (moved) this.#page.post({ t: 'event', event: { type: 'restarted', reason: MOVED } });
  }

  #flush(): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const message of kept) this.#fromPage(message);
  }

  /** Whether a leader that is gone did what it was asked is unknown; the page repeats what is safe to repeat. */
  #refuseSent(): void {
    const error = localRefusal('restarted', 'The tab that ran the peer was closed before it could answer.', true);
    for (const id of [...this.#sent]) this.#toPage({ t: 'refused', id, error });
  }

  #serveOthers(): void {
    const pages = new Map<string, (message: FromPage) => void>();
    const reach = (page: string) => {
      let deliver = pages.get(page);
      if (!deliver) {
        deliver = attachTo(this.#host, (message) => this.#send({ t: 'to-page', page, message }));
        pages.set(page, deliver);
      }
      return deliver;
    };
    this.#channel.onmessage = ({ data }) => {
      const parcel = data as Parcel;
      if (parcel.t === 'who-leads') this.#send({ t: 'leads', term: this.#id });
      else if (parcel.t === 'attach') reach(parcel.page);
      else if (parcel.t === 'from-page') {
        reach(parcel.page)(parcel.message);
        if (parcel.message.t === 'bye') pages.delete(parcel.page);
      }
    };
  }

  #send(parcel: Parcel): void {
    this.#channel.postMessage(parcel);
  }
}

/** Opens a port of the host and returns the way to speak into it. */
function attachTo(host: Host, post: (message: ToPage) => void): (message: FromPage) => void {
  let deliver: (message: FromPage) => void = () => undefined;
  host.attach({
    post,
    listen(listener) {
      deliver = listener;
    },
  });
  return (message) => deliver(message);
}
