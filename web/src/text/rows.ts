import type { Message } from '../peer/api';
import { sameDay } from './time';

/** What a conversation shows from top to bottom. */
export type Row =
  | { kind: 'day'; key: string; at: number }
  | { kind: 'fresh'; key: string }
  | { kind: 'gap'; key: string }
  /** `first`: begins a run of one sender, so it carries mark and name. A question always does. */
  | { kind: 'message'; key: string; message: Message; first: boolean };

const RUN = 5 * 60_000;

/** When a message counts as written: the relay's clock, and the sender's until the relay has it. */
export function writtenAt(message: Message): number {
  return message.receivedAt || message.sentAt;
}

/**
 * `firstUnread` is the `seq` before which the line "new" stands; 0: none. `told` is what stands beside the sender's name and
 * holds for a whole run.
 */
export function rows(messages: readonly Message[], firstUnread: number, told: (message: Message) => string = () => ''): Row[] {
  const found: Row[] = [];
  let before: Message | null = null;
  let day: number | null = null;
  let marked = firstUnread === 0;
  for (const message of messages) {
    const at = writtenAt(message);
    if (message.gap) {
      found.push({ kind: 'gap', key: `gap-${message.seq}` });
      before = null;
      continue;
    }
    if (day === null || !sameDay(day, at)) {
      found.push({ kind: 'day', key: `day-${message.seq}`, at });
      before = null;
    }
    day = at;
    if (!marked && message.seq >= firstUnread) {
      found.push({ kind: 'fresh', key: 'fresh' });
      marked = true;
      before = null;
    }
    const first =
      before === null ||
      before.from !== message.from ||
      before.fromDevice !== message.fromDevice ||
      message.replyTo !== '' ||
      message.type === 'ask' ||
      told(before) !== told(message) ||
      at - writtenAt(before) > RUN;
    found.push({ kind: 'message', key: `message-${message.seq}`, message, first });
    before = message;
  }
  return found;
}
