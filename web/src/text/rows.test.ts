import { describe, expect, it } from 'vitest';
import type { Message } from '../peer/api';
import { rows } from './rows';

const noon = new Date(2026, 10, 21, 12, 0).getTime();
const minute = 60_000;

function message(seq: number, over: Partial<Message> = {}): Message {
  return {
    id: `id-${seq}`,
    conversation: 'topic:1',
    from: 'ada',
    fromName: 'Ada',
    fromDevice: 'ada-1',
    to: [],
    topic: '',
    text: 'x',
    type: 'text',
    priority: 'next',
    replyTo: '',
    session: '',
    fromSession: '',
    mentions: [],
    sentAt: noon + seq * minute,
    receivedAt: noon + seq * minute,
    state: 'received',
    error: null,
    seq,
    gap: false,
    ...over,
  };
}

const kinds = (messages: Message[], firstUnread = 0) =>
  rows(messages, firstUnread).map((row) => (row.kind === 'message' ? (row.first ? 'first' : 'next') : row.kind));

describe('rows', () => {
  it('begins with the day and joins a run of one sender', () => {
    expect(kinds([message(1), message(2)])).toEqual(['day', 'first', 'next']);
  });

  it('begins a run anew for a question, and where something else is told beside the name', () => {
    expect(kinds([message(1), message(2, { type: 'ask' }), message(3)])).toEqual(['day', 'first', 'first', 'next']);
    const told = rows([message(1), message(2, { session: 's' }), message(3, { session: 's' })], 0, ({ session }) => session);
    expect(told.map((row) => row.kind === 'message' && row.first)).toEqual([false, true, true, false]);
  });

  it('begins a run anew for another sender, another device, a reply, or after a while', () => {
    expect(kinds([message(1), message(2, { from: 'bo' })])).toEqual(['day', 'first', 'first']);
    expect(kinds([message(1), message(2, { fromDevice: 'ada-2' })])).toEqual(['day', 'first', 'first']);
    expect(kinds([message(1), message(2, { replyTo: 'id-1' })])).toEqual(['day', 'first', 'first']);
    expect(kinds([message(1), message(7)])).toEqual(['day', 'first', 'first']);
  });

  it('breaks at the change of day', () => {
    const yesterday = message(1, { sentAt: noon - 86_400_000, receivedAt: noon - 86_400_000 });
    expect(kinds([yesterday, message(2)])).toEqual(['day', 'first', 'day', 'first']);
  });

  it('puts the line before the first unread, once', () => {
    expect(kinds([message(1), message(2), message(3)], 2)).toEqual(['day', 'first', 'fresh', 'first', 'next']);
  });

  it('shows a gap as a gap, and goes on under the same day', () => {
    expect(kinds([message(1), message(2, { gap: true, id: '' }), message(3)])).toEqual(['day', 'first', 'gap', 'first']);
  });

  it('names the day after a gap where it is another', () => {
    const yesterday = message(1, { sentAt: noon - 86_400_000, receivedAt: noon - 86_400_000 });
    expect(kinds([yesterday, message(2, { gap: true, id: '' }), message(3)])).toEqual(['day', 'first', 'gap', 'day', 'first']);
  });

  it('takes the sender’s clock while the relay has not answered', () => {
    const [day] = rows([message(1, { receivedAt: 0 })], 0);
    expect(day).toMatchObject({ kind: 'day', at: noon + minute });
  });

  it('gives every row a key of its own', () => {
    const keys = rows([message(1), message(2, { gap: true, id: '' }), message(3, { from: 'bo' })], 3).map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
