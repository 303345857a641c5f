import { describe, expect, it, vi } from 'vitest';
import type { MeshSummary, Message, Peer, Suggestion } from '../peer/api';
import { App } from './app.svelte';
import { Completion, wordToComplete } from './completion.svelte';
import { ConversationStore } from './conversation.svelte';
import { coalesce } from './refresh';

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

function message(seq: number, over: Partial<Message> = {}): Message {
  return { id: `id-${seq}`, seq, text: `text ${seq}`, state: 'received', gap: false, ...over } as Message;
}

describe('coalesce', () => {
  it('makes one reading of a burst, and one more for what came meanwhile', async () => {
    const gates: (() => void)[] = [];
    const read = vi.fn(() => new Promise<void>((resolve) => gates.push(resolve)));
    const refresh = coalesce(read, () => undefined);
    const all = [refresh(), refresh(), refresh()];
    expect(read).toHaveBeenCalledTimes(1);
    gates[0]!();
    await settle();
    expect(read).toHaveBeenCalledTimes(2);
    gates[1]!();
    await Promise.all(all);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('reports a failure and reads again at the next wish', async () => {
    const failed = vi.fn();
    const read = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValue(undefined);
    const refresh = coalesce(read, failed);
    await refresh();
    expect(failed).toHaveBeenCalledTimes(1);
    await refresh();
    expect(read).toHaveBeenCalledTimes(2);
  });
});

describe('wordToComplete', () => {
  it.each([
    ['@', 1, { from: 0, prefix: '@' }],
    ['ask @ad', 7, { from: 4, prefix: '@ad' }],
    ['see #dep', 8, { from: 4, prefix: '#dep' }],
    ['(@ad', 4, { from: 1, prefix: '@ad' }],
    ['@ad now', 3, { from: 0, prefix: '@ad' }],
    ['@ad now', 7, null],
    ['mail a@b', 8, null],
    ['', 0, null],
  ])('in %j at %i', (text, caret, expected) => expect(wordToComplete(text, caret)).toEqual(expected));
});

describe('Completion', () => {
  const suggestion = (target: string) => ({ target }) as Suggestion;

  it('lets late answers go', async () => {
    const answers: ((items: Suggestion[]) => void)[] = [];
    const peer = { complete: () => new Promise<Suggestion[]>((resolve) => answers.push(resolve)) } as unknown as Peer;
    const completion = new Completion(peer);
    void completion.ask('mesh', '@a');
    void completion.ask('mesh', '@ad');
    answers[1]!([suggestion('@ada')]);
    answers[0]!([suggestion('@alan')]);
    await settle();
    expect(completion.items).toEqual([suggestion('@ada')]);
    void completion.ask('mesh', '@ada');
    completion.close();
    answers[2]!([suggestion('@ada')]);
    await settle();
    expect(completion.open).toBe(false);
    expect(completion.fits).toBe(true);
    void completion.ask('mesh', '@adax');
    expect(completion.fits).toBe(true);
    completion.close();
    answers[3]!([]);
    await settle();
    expect(completion.fits).toBe(false);
  });

  it('goes round', async () => {
    const peer = { complete: () => Promise.resolve([suggestion('a'), suggestion('b')]) } as unknown as Peer;
    const completion = new Completion(peer);
    await completion.ask('mesh', '@');
    completion.move(-1);
    expect(completion.chosen).toEqual(suggestion('b'));
    completion.move(1);
    expect(completion.chosen).toEqual(suggestion('a'));
  });
});

describe('ConversationStore', () => {
  function setup(log: Message[], over: Partial<Peer> = {}) {
    const peer = {
      messages: vi.fn((_mesh: string, _id: string, before: number, limit: number) =>
        Promise.resolve(log.filter((one) => before === 0 || one.seq < before).slice(-limit)),
      ),
      draft: vi.fn(() => Promise.resolve('')),
      saveDraft: vi.fn(() => Promise.resolve()),
      markRead: vi.fn(() => Promise.resolve()),
      send: vi.fn(() => Promise.resolve(message(900, { state: 'sending' }))),
      ...over,
    };
    return { peer, store: new ConversationStore(peer as unknown as Peer, 'mesh', 'topic:1') };
  }

  it('loads the newest, then what is older, then knows that it has all', async () => {
    const log = Array.from({ length: 100 }, (_, index) => message(index + 1));
    const { store } = setup(log);
    await store.open();
    expect(store.messages[0]?.seq).toBe(41);
    expect(store.complete).toBe(false);
    await store.loadOlder();
    expect(store.messages.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq));
    expect(store.complete).toBe(true);
  });

  it('marks where the unread begin, counting only what others wrote', async () => {
    const log = [message(1), message(2), message(3, { state: 'read' }), message(4), message(5, { gap: true })];
    const { store } = setup(log);
    await store.open(2);
    expect(store.firstUnread).toBe(2);
  });

  it('shows each message once and in order, however events come', async () => {
    const { store } = setup([message(1), message(2)]);
    await store.open();
    store.watched = true;
    store.hear(message(4), true);
    store.hear(message(3), true);
    store.hear(message(4, { text: 'changed' }), false);
    expect(store.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(store.messages.at(-1)?.text).toBe('changed');
    expect(store.unseen).toBe(2);
    expect(store.firstUnread).toBe(0);
  });

  it('marks the first that comes while nobody looks', async () => {
    const { store } = setup([message(1)]);
    await store.open();
    store.hear(message(2, { state: 'sending' }), true);
    expect(store.firstUnread).toBe(0);
    store.hear(message(3), true);
    store.hear(message(4), true);
    expect(store.firstUnread).toBe(3);
  });

  it('knows a message by its place, since one that is sealed again has another id', async () => {
    const failed = message(2, { id: 'first', state: 'failed' });
    const retry = vi.fn(() => Promise.resolve(message(2, { id: 'second', state: 'sending' })));
    const { store } = setup([message(1), failed], { retry });
    await store.open();
    await store.retry(failed);
    expect(retry).toHaveBeenCalledWith('mesh', 'first');
    store.hear(message(2, { id: 'third', state: 'accepted' }), false);
    expect(store.messages.map(({ id }) => id)).toEqual(['id-1', 'third']);
  });

  it('leaves a message to its page that is older than what is loaded', async () => {
    const log = Array.from({ length: 100 }, (_, index) => message(index + 1));
    const { store } = setup(log);
    await store.open();
    store.hear(message(7), false);
    expect(store.messages[0]?.seq).toBe(41);
  });

  it('puts the draft and the reply back when sending is refused', async () => {
    const refused = () => Promise.reject(Object.assign(new Error('full'), { code: 'storage', retry: true }));
    const { store } = setup([message(1)], { send: refused as unknown as Peer['send'] });
    await store.open();
    store.write(' hello ');
    store.replyTo = message(1);
    await expect(store.send()).rejects.toMatchObject({ code: 'storage' });
    expect(store.draft).toBe('hello');
    expect(store.replyTo?.id).toBe('id-1');
  });

  it('does not offer a message again that was stored before a restart cut the answer off', async () => {
    const log = [message(1)];
    const send = vi.fn(() => {
      log.push(message(2, { text: 'hello', state: 'sending' }));
      return Promise.reject(Object.assign(new Error('cut'), { code: 'restarted', retry: true }));
    });
    const { store } = setup(log, { send });
    await store.open();
    store.write('hello');
    await store.send();
    expect(store.draft).toBe('');
    expect(store.messages.map(({ seq }) => seq)).toEqual([1, 2]);

    log.length = 2;
    send.mockImplementation(() => Promise.reject(Object.assign(new Error('cut'), { code: 'restarted', retry: true })));
    store.write('hello');
    await expect(store.send()).rejects.toMatchObject({ code: 'restarted' });
    expect(store.draft).toBe('hello');
  });

  it('sends what is written with what it answers, and clears both', async () => {
    const { store, peer } = setup([message(1)]);
    await store.open();
    store.write('hello');
    store.replyTo = message(1);
    await store.send();
    expect(peer.send).toHaveBeenCalledWith({ meshId: 'mesh', target: 'topic:1', text: 'hello', replyTo: 'id-1' });
    expect(store.draft).toBe('');
    expect(store.replyTo).toBeNull();
    expect(peer.saveDraft).toHaveBeenLastCalledWith('mesh', 'topic:1', '');
    expect(store.messages.at(-1)?.state).toBe('sending');
  });

  it('sends to one session, and an answer to what was asked', async () => {
    const { store, peer } = setup([]);
    store.write('hello');
    await store.send('s1');
    expect(peer.send).toHaveBeenLastCalledWith({ meshId: 'mesh', target: 'topic:1', text: 'hello', session: 's1' });
    store.write('yes');
    store.replyTo = message(1, { type: 'ask' });
    await store.send();
    expect(peer.send).toHaveBeenLastCalledWith({ meshId: 'mesh', target: 'topic:1', text: 'yes', replyTo: 'id-1', type: 'answer' });
    store.write('one more thing');
    store.replyTo = message(1, { type: 'ask', state: 'read' });
    await store.send();
    expect(peer.send).toHaveBeenLastCalledWith({ meshId: 'mesh', target: 'topic:1', text: 'one more thing', replyTo: 'id-1' });
  });

  it('sends nothing for white space', async () => {
    const { store, peer } = setup([]);
    store.write('  \n');
    await store.send();
    expect(peer.send).not.toHaveBeenCalled();
  });

  it('keeps a draft with the tab that the peer takes no more, and finds it again', async () => {
    const tab = new Map<string, string>();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => tab.get(key) ?? null,
      setItem: (key: string, text: string) => tab.set(key, text),
      removeItem: (key: string) => tab.delete(key),
    });
    const gone = () => Promise.reject(Object.assign(new Error('gone'), { code: 'superseded', retry: false }));
    const before = setup([], { saveDraft: gone });
    before.store.write('half a thought');
    await before.store.saveNow();
    const after = setup([]);
    await after.store.open();
    expect(after.store.draft).toBe('half a thought');
    await after.store.saveNow();
    expect(after.peer.saveDraft).toHaveBeenCalledWith('mesh', 'topic:1', 'half a thought');
    expect(tab.size).toBe(0);
    vi.unstubAllGlobals();
  });

  it('does not put an old draft over what is being written', async () => {
    const { store } = setup([], { draft: () => Promise.resolve('old') });
    const opening = store.open();
    store.write('new');
    await opening;
    expect(store.draft).toBe('new');
  });
});

describe('App', () => {
  const mesh = (meshId: string) => ({ meshId, unread: 0 }) as MeshSummary;
  const sound = { isSecureContext: false, navigator: {} };

  it('does not attach the worker where the browser lacks something', async () => {
    const attach = vi.fn();
    const app = new App({} as Peer);
    await app.start({ relay: 'r', build: 'b' }, sound, attach);
    expect(app.phase).toBe('unsupported');
    expect(app.needs).toEqual(['secure-origin']);
    expect(attach).not.toHaveBeenCalled();
  });

  it('shows nothing more of a mesh that was left in another tab, and all of it when it is back', async () => {
    let meshes = [mesh('1'), mesh('2')];
    const unknown = Object.assign(new Error('not in it'), { code: 'unknown_mesh', retry: false });
    const app = new App({
      meshes: () => Promise.resolve(meshes),
      mesh: (id: string) => {
        const found = meshes.find(({ meshId }) => meshId === id);
        return found ? Promise.resolve({ ...found, members: [], topics: [] }) : Promise.reject(unknown);
      },
    } as unknown as Peer);
    const store = app.mesh('1');
    await store.reload();
    const conversation = store.conversation('topic:1');
    meshes = [mesh('2')];
    app.hear({ type: 'meshes' });
    await settle();
    expect(store.state).toBeNull();
    expect(store.problem?.code).toBe('unknown_mesh');
    meshes = [mesh('1')];
    app.hear({ type: 'mesh', meshId: '1' });
    await settle();
    expect(app.mesh('1')).toBe(store);
    expect(store.state?.meshId).toBe('1');
    expect(store.conversation('topic:1')).not.toBe(conversation);
  });

  it('asks the browser once to keep what is stored, when there is something', async () => {
    let meshes: MeshSummary[] = [];
    const persist = vi.fn(() => Promise.resolve(true));
    const app = new App({ meshes: () => Promise.resolve(meshes) } as unknown as Peer, { persist });
    await app.reload();
    expect(persist).not.toHaveBeenCalled();
    meshes = [mesh('1')];
    await app.reload();
    await app.reload();
    await settle();
    expect(persist).toHaveBeenCalledTimes(1);
    expect(app.kept).toBe(true);
  });

  it('says that the peer was restarted, but not that it only moved to another tab', async () => {
    const app = new App({ meshes: () => Promise.resolve([]) } as unknown as Peer);
    app.hear({ type: 'restarted', reason: 'moved' });
    expect(app.restarted).toBe(false);
    app.hear({ type: 'restarted', reason: 'exit code 2' });
    expect(app.restarted).toBe(true);
    await settle();
  });

  it('stops for a newer build', () => {
    const app = new App({} as Peer);
    app.hear({ type: 'superseded' });
    expect(app.phase).toBe('superseded');
  });
});
