import type { PeerEvent } from '../peer/api';
import type { Method } from './methods';
import type { Refusal } from './errors';

/** `id` is chosen by the page and unique within its port. */
export interface Call {
  t: 'call';
  id: number;
  method: Method;
  args: unknown[];
}

export type FromPage =
  | Call
  /** The page goes away; its port is forgotten. */
  | { t: 'bye' };

export type ToPage =
  | { t: 'result'; id: number; value: unknown }
  | { t: 'refused'; id: number; error: Refusal }
  | { t: 'event'; event: PeerEvent };

/** One side of a message port, as far as both ends need it. */
export interface Port<Out, In> {
  post(message: Out): void;
  listen(listener: (message: In) => void): void;
}
