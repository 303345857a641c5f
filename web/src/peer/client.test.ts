import { describe, expect, it, vi } from 'vitest';
import { localRefusal, PeerFailure, toRefusal } from '../rpc/errors';
import type { Call, FromPage, ToPage } from '../rpc/messages';
import { createClient, WORKER_LOST } from './client';

function setup() {
  const sent: FromPage[] = [];
  let answer!: (message: ToPage) => void;
  const client = createClient({
    post: (message) => sent.push(message),
    listen: (listener) => (answer = listener),
  });
  const calls = () => sent.filter((message): message is Call => message.t === 'call');
  const refuse = (code: string, retry = true) =>
    answer({ t: 'refused', id: calls().at(-1)!.id, error: { name: 'PeerError', code, message: 'why', retry } });
  return { client, sent, calls, answer: (message: ToPage) => answer(message), refuse };
}

describe('the client', () => {
  it('passes method and arguments, and resolves with the answer', async () => {
    const { client, calls, answer } = setup();
    const asked = client.messages('mesh', 'topic:1', 0, 20);
    expect(calls()).toMatchObject([{ method: 'messages', args: ['mesh', 'topic:1', 0, 20] }]);
    answer({ t: 'result', id: calls()[0]!.id, value: [] });
    await expect(asked).resolves.toEqual([]);
  });

  it('keeps answers apart, in whatever order they come', async () => {
    const { client, calls, answer } = setup();
    const first = client.draft('mesh', 'topic:1');
    const second = client.draft('mesh', 'topic:2');
    answer({ t: 'result', id: calls()[1]!.id, value: 'two' });
    answer({ t: 'result', id: calls()[0]!.id, value: 'one' });
    await expect(Promise.all([first, second])).resolves.toEqual(['one', 'two']);
  });

  it('makes real errors of refusals', async () => {
    const { client, refuse } = setup();
    const asked = client.leaveMesh('mesh');
    refuse('last_owner', false);
    const error = await asked.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PeerFailure);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'PeerError', code: 'last_owner', message: 'why', retry: false });
  });

  it('repeats a reading that a restart cut off', async () => {
    const { client, calls, answer, refuse } = setup();
    const asked = client.meshes();
    refuse('restarted');
    expect(calls()).toHaveLength(2);
    answer({ t: 'result', id: calls()[1]!.id, value: [] });
    await expect(asked).resolves.toEqual([]);
  });

  it('gives a reading up that is cut off again and again', async () => {
    const { client, calls, refuse } = setup();
    const asked = client.meshes();
    refuse('restarted');
    refuse('restarted');
    refuse('restarted');
    await expect(asked).rejects.toMatchObject({ code: 'restarted', retry: true });
    expect(calls()).toHaveLength(3);
  });

  it('never sends a message twice by itself', async () => {
    const { client, calls, refuse } = setup();
    const asked = client.send({ meshId: 'mesh', target: '@ada', text: 'x' });
    refuse('restarted');
    await expect(asked).rejects.toMatchObject({ code: 'restarted', retry: true });
    expect(calls()).toHaveLength(1);
  });

  it('does not repeat what was refused for another reason', async () => {
    const { client, calls, refuse } = setup();
    const asked = client.meshes();
    refuse('storage');
    await expect(asked).rejects.toMatchObject({ code: 'storage' });
    expect(calls()).toHaveLength(1);
  });

  it('hands events to everyone who listens, until they stop', () => {
    const { client, answer } = setup();
    const one = vi.fn();
    const two = vi.fn();
    client.on(one);
    const stop = client.on(two);
    answer({ t: 'event', event: { type: 'meshes' } });
    stop();
    answer({ t: 'event', event: { type: 'superseded' } });
    expect(one).toHaveBeenCalledTimes(2);
    expect(two).toHaveBeenCalledTimes(1);
    expect(two).toHaveBeenCalledWith({ type: 'meshes' });
  });

  it('fails what waits and what comes, once the worker is lost', async () => {
    const { client, calls } = setup();
    const before = client.meshes();
    client.fail(WORKER_LOST);
    await expect(before).rejects.toMatchObject({ code: 'boot_failed' });
    await expect(client.meshes()).rejects.toMatchObject({ code: 'boot_failed' });
    expect(calls()).toHaveLength(1);
  });

  it('asks nothing more of a worker that was superseded, which is gone', async () => {
    const { client, calls, answer } = setup();
    const waiting = client.send({ meshId: 'mesh', target: '@ada', text: 'x' });
    answer({ t: 'event', event: { type: 'superseded' } });
    await expect(waiting).rejects.toMatchObject({ code: 'superseded', retry: false });
    await expect(client.meshes()).rejects.toMatchObject({ code: 'superseded' });
    expect(calls()).toHaveLength(1);
  });

  it('says goodbye', () => {
    const { client, sent } = setup();
    client.bye();
    expect(sent).toEqual([{ t: 'bye' }]);
  });
});

describe('toRefusal', () => {
  it('keeps code and retry of a peer error', () => {
    const thrown = Object.assign(new Error('no'), { name: 'PeerError', code: 'expired', retry: false });
    expect(toRefusal(thrown)).toEqual({ name: 'PeerError', code: 'expired', message: 'no', retry: false });
  });

  it('calls anything else internal', () => {
    expect(toRefusal(new TypeError('odd'))).toEqual({ name: 'TypeError', code: 'internal', message: 'odd', retry: false });
    expect(toRefusal(7)).toEqual({ name: 'Error', code: 'internal', message: '7', retry: false });
    expect(localRefusal('restarted', 'm', true).name).toBe('PeerError');
  });
});
