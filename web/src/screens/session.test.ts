import { describe, expect, it } from 'vitest';
import type { Ask, Member, MeshState, Message, Peer, Session } from '../peer/api';
import { ConversationStore } from '../stores/conversation.svelte';
import { MeshStore } from '../stores/mesh.svelte';
import { addressed, aimOf } from './composer';
import { sessionsTold, stateWord } from './message';
import { detailsText } from './session';
import { targetOf } from './target';
import { titleOf } from './title';
import { spokenWaiting } from './waiting';

const session = (sessionId: string, directory: string, over: Partial<Session> = {}): Session => ({
  sessionId,
  deviceId: '',
  state: 'online',
  since: 1,
  kind: 'agent',
  status: 'working',
  statusSince: 1,
  summary: '',
  host: 'box',
  directory,
  model: 'opus',
  tags: ['repo:shop'],
  client: '',
  ...over,
});
const shop = session('5a0b00000001', '~/shop');
const cart = session('5a0b00000002', '~/cart');

const member = (memberId: string, sessions: Session[], over: Partial<Member> = {}) =>
  ({ memberId, name: memberId, kind: sessions[0]?.kind ?? 'person', status: 'idle', summary: '', sessions, ...over }) as Member;
const ask = (over: Partial<Ask> = {}): Ask => ({ messageId: 'm1', conversation: 'direct:nina', from: 'nina', fromName: 'nina', fromSession: '', text: 'Merge?', at: 1, ...over });

async function mesh(members: Member[], over: Partial<MeshState> = {}) {
  const state = { name: 'Quay', members, topics: [], directs: [], asks: [], unread: 0, connection: 'online', ...over } as unknown as MeshState;
  const store = new MeshStore({ mesh: () => Promise.resolve(state) } as unknown as Peer, 'mesh');
  await store.reload();
  return store;
}

function writing(over: Partial<Pick<ConversationStore, 'session' | 'replyTo'>> = {}) {
  return Object.assign(new ConversationStore({} as Peer, 'mesh', 'direct:nina'), over);
}
const from = (fromSession: string, over: Partial<Message> = {}) => ({ state: 'received', from: 'nina', fromSession, ...over }) as Message;

describe('aimOf', () => {
  const nina = member('nina', [shop, cart]);
  const chosen = { id: cart.sessionId, name: 'cart' };

  it('is the chosen session, until that is gone', async () => {
    const both = await mesh([nina]);
    expect(aimOf(both, nina, writing())).toBeNull();
    expect(aimOf(both, nina, writing({ session: chosen }))).toEqual({ sessionId: cart.sessionId, name: 'cart', gone: false, byReply: false });
    const one = member('nina', [shop]);
    expect(aimOf(await mesh([one]), one, writing({ session: chosen }))).toMatchObject({ name: 'cart', gone: true });
  });

  it('is the session that a reply goes to, before the chosen one', async () => {
    const store = await mesh([nina]);
    expect(aimOf(store, nina, writing({ replyTo: from(shop.sessionId), session: chosen }))).toMatchObject({ name: 'shop', byReply: true });
    expect(aimOf(store, nina, writing({ replyTo: from('ffffeeeedddd') }))).toMatchObject({ name: 'ffffeeee', gone: true });
    expect(aimOf(store, nina, writing({ replyTo: from('', { state: 'read' }), session: chosen }))).toMatchObject({ name: 'cart' });
  });

  it('is nothing for a reply to the only session, or to a person', async () => {
    const one = member('nina', [shop]);
    expect(aimOf(await mesh([one]), one, writing({ replyTo: from(shop.sessionId) }))).toBeNull();
    const person = member('nina', [session('5a0b00000009', '', { kind: 'person' })]);
    expect(aimOf(await mesh([person]), person, writing({ replyTo: from('ffffeeeedddd') }))).toBeNull();
  });

  it('calls nothing gone without a connection', async () => {
    const away = member('nina', [session(cart.sessionId, '~/cart', { state: 'offline' })]);
    expect(aimOf(await mesh([away], { connection: 'offline' }), away, writing({ session: chosen }))).toMatchObject({ gone: false });
  });
});

describe('addressed', () => {
  it.each([
    ['@Nina/shop look at this', { target: '@Nina/shop', rest: 'look at this' }],
    ['@Ada Lovelace/5a0b two\nlines', { target: '@Ada Lovelace/5a0b', rest: 'two\nlines' }],
    ['@Nina/shop', { target: '@Nina/shop', rest: '' }],
    ['@Nina look at a/b', { target: '@Nina look at a/b', rest: '' }],
    ['@Nina', null],
    ['see @Nina/shop', null],
    ['@Nina\na/b', null],
  ])('of %j', (text, expected) => expect(addressed(text)).toEqual(expected));
});

describe('what a message tells of sessions', () => {
  const message = (over: Partial<Message>) => ({ from: 'ada', to: ['nina'], topic: '', session: '', fromSession: '', state: 'read', ...over }) as Message;
  const ada = member('ada', []);

  it('is which of several it came from, or went to', async () => {
    const store = await mesh([ada, member('nina', [shop, cart])]);
    expect(sessionsTold(store, message({ session: cart.sessionId }))).toEqual({ from: '', to: 'cart' });
    expect(sessionsTold(store, message({ from: 'nina', to: ['ada'], fromSession: shop.sessionId }))).toEqual({ from: 'shop', to: '' });
    expect(sessionsTold(store, message({ topic: 't', to: ['t'], from: 'nina', fromSession: shop.sessionId }))).toEqual({ from: 'shop', to: '' });
  });
  it('is nothing where there is one', async () => {
    const store = await mesh([ada, member('nina', [shop])]);
    expect(sessionsTold(store, message({ session: shop.sessionId }))).toEqual({ from: '', to: '' });
  });

  it('is that an agent took it, where a person would have read it', async () => {
    const store = await mesh([ada, member('nina', [shop])]);
    expect(stateWord(store, message({}))).toBe('Taken by the agent');
    expect(stateWord(store, message({ state: 'delivered' }))).toBe('Delivered');
    expect(stateWord(store, message({ to: ['ada'] }))).toBe('Read');
    expect(stateWord(store, message({ to: ['nina', 'ada'] }))).toBe('Read');
    expect(stateWord(store, message({ to: ['ada'], session: shop.sessionId }))).toBe('Taken by the agent');
    expect(stateWord(store, message({ to: ['t'], topic: 't', state: 'accepted' }))).toBe('Posted');
  });
});

describe('what waits', () => {
  const needing = session(shop.sessionId, '~/shop', { status: 'needs-approval' });

  it('is said aloud one by one, and as a number when there is much', async () => {
    const store = await mesh([member('nina', [needing, cart])], { asks: [ask()] });
    expect(spokenWaiting(store, store.waiting)).toBe('nina, shop, needs approval. nina asks: Merge?');
    const more = await mesh([member('nina', [needing])], { asks: [ask(), ask({ messageId: 'm2' })] });
    expect(spokenWaiting(more, more.waiting)).toBe('3 things are waiting for you');
  });

  it('stands in the title, beside what is unread', async () => {
    const people = { name: 'people', meshId: 'mesh' } as const;
    expect(titleOf(await mesh([], {}), people)).toBe('People · Quay');
    expect(titleOf(await mesh([member('nina', [needing])], { asks: [ask()], unread: 3 }), people)).toBe('(3) 2 waiting · People · Quay');
    expect(titleOf(await mesh([]), { name: 'mesh', meshId: 'mesh' })).toBe('Quay');
  });
});

describe('targetOf', () => {
  it('is the member that was chosen, or its session', async () => {
    const id = 'ab'.repeat(32);
    const named = (name: string) => ({ ...member(name, [shop]), memberId: id });
    const of = async (name: string, chosen: string) => targetOf(await mesh([named(name)]), { memberId: id, name: chosen, kind: 'agent', presence: 'online' });
    expect(await of('Nina', 'Nina')).toBe('abababababab');
    expect(await of('Nina', 'Nina/5a0b0000')).toBe('abababababab/5a0b0000');
    expect(await of('Nina/5a0b0000', 'Nina/5a0b0000')).toBe('abababababab');
  });
});

describe('detailsText', () => {
  it('leaves out what is not told', () => {
    expect(detailsText(shop)).toBe('Directory: ~/shop\nMachine: box\nModel: opus\nTags: repo:shop\nSession: 5a0b0000');
  });

  it('tells a summary whole', () => {
    const summary = 'rewriting the parser for nested groups';
    expect(detailsText({ ...shop, summary })).toContain(`Summary: ${summary}\n`);
  });
});
