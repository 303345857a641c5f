import { describe, expect, it } from 'vitest';
import { supportWords } from '../words/support';
import { missing, NEEDS, type Surroundings } from './support';

/** IndexedDB, as far as the probe uses it. */
function indexedDB(put: (value: unknown) => unknown): IDBFactory {
  const request = <T>(produce: () => T) => {
    const made = {} as IDBRequest<T> & { onsuccess: () => void; onerror: () => void };
    queueMicrotask(() => {
      try {
        Object.assign(made, { result: produce() });
        (made as { onupgradeneeded?: () => void }).onupgradeneeded?.();
        made.onsuccess();
      } catch (error) {
        Object.assign(made, { error });
        made.onerror();
      }
    });
    return made;
  };
  let kept: unknown;
  const store = { put: (value: unknown) => request(() => (kept = put(value))), get: () => request(() => kept) };
  const database = {
    createObjectStore: () => store,
    transaction: () => ({ objectStore: () => store }),
    close: () => undefined,
  };
  return { open: () => request(() => database), deleteDatabase: () => undefined } as unknown as IDBFactory;
}

const whole: Surroundings = {
  isSecureContext: true,
  WebAssembly: {},
  SharedWorker: class {},
  Worker: class {},
  BroadcastChannel: class {},
  indexedDB: indexedDB((value) => value),
  crypto: globalThis.crypto,
  navigator: { locks: {} },
};

const without = (subtle: Partial<SubtleCrypto>): Crypto => ({ subtle }) as Crypto;

describe('missing', () => {
  it('finds nothing missing in a whole browser', async () => {
    expect(await missing(whole)).toEqual([]);
  });

  it('says nothing else of an insecure origin, where the rest means nothing', async () => {
    expect(await missing({ ...whole, isSecureContext: false, crypto: undefined })).toEqual(['secure-origin']);
  });

  it('is content with dedicated workers', async () => {
    expect(await missing({ ...whole, SharedWorker: undefined })).toEqual([]);
  });

  it.each<[string, Partial<Surroundings>]>([
    ['webassembly', { WebAssembly: undefined }],
    ['worker', { SharedWorker: undefined, Worker: undefined }],
    ['worker', { BroadcastChannel: undefined }],
    ['locks', { navigator: {} }],
    ['storage', { indexedDB: undefined }],
    [
      'storable-keys',
      {
        indexedDB: indexedDB(() => {
          throw new DOMException('keys are not stored here', 'DataCloneError');
        }),
      },
    ],
  ])('names %s', async (need, lack) => {
    expect(await missing({ ...whole, ...lack })).toEqual([need]);
  });

  it.each(['Ed25519', 'X25519'])('notices that a browser has no %s', async (curve) => {
    const generateKey = ((algorithm: { name: string }, ...rest: [boolean, KeyUsage[]]) =>
      algorithm.name === curve
        ? Promise.reject(new DOMException('no', 'NotSupportedError'))
        : globalThis.crypto.subtle.generateKey(algorithm as never, ...rest)) as SubtleCrypto['generateKey'];
    expect(await missing({ ...whole, crypto: without({ generateKey }) })).toEqual([curve.toLowerCase()]);
  });

  it('has a sentence for each need', () => {
    for (const need of NEEDS) {
      const { what, why, out } = supportWords[need];
      for (const sentence of [what, why, out]) expect(sentence).toMatch(/\.$/);
    }
  });
});
