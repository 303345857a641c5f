/**
 * What a browser must have before the peer can run in it, checked before anything is started. Each thing that can be
 * missing has a sentence in the words module.
 */

export const NEEDS = [
  'secure-origin',
  'webassembly',
  'worker',
  'locks',
  'storage',
  'ed25519',
  'x25519',
  'storable-keys',
] as const;

export type Need = (typeof NEEDS)[number];

/** The parts of the page's global scope that are looked at. */
export interface Surroundings {
  isSecureContext: boolean;
  WebAssembly?: unknown;
  SharedWorker?: unknown;
  Worker?: unknown;
  BroadcastChannel?: unknown;
  indexedDB?: IDBFactory;
  crypto?: Crypto;
  navigator: { locks?: unknown };
}

const PROBE = 'claudemesh-probe';

/** What is missing, in the order of NEEDS; later checks are left out where they could not mean anything. */
export async function missing(around: Surroundings): Promise<Need[]> {
  if (!around.isSecureContext) return ['secure-origin'];
  const needs: Need[] = [];
  if (!around.WebAssembly) needs.push('webassembly');
  if (!around.BroadcastChannel || !(around.SharedWorker ?? around.Worker)) needs.push('worker');
  if (!around.navigator.locks) needs.push('locks');
  if (!around.indexedDB) needs.push('storage');

  const subtle = around.crypto?.subtle;
  const signing = subtle && (await makeKeys(subtle, 'Ed25519', ['sign', 'verify']));
  const sealing = subtle && (await makeKeys(subtle, 'X25519', ['deriveBits']));
  if (!signing) needs.push('ed25519');
  if (!sealing) needs.push('x25519');
  if (signing && sealing && around.indexedDB) {
    const keys = [signing.privateKey, sealing.privateKey];
    if (!(await canStore(around.indexedDB, keys))) needs.push('storable-keys');
  }
  return needs;
}

async function makeKeys(subtle: SubtleCrypto, name: string, usages: KeyUsage[]): Promise<CryptoKeyPair | null> {
  try {
    return (await subtle.generateKey({ name }, false, usages)) as CryptoKeyPair;
  } catch {
    return null;
  }
}

/** Private windows of some browsers have IndexedDB but refuse to put keys into it. */
async function canStore(factory: IDBFactory, keys: CryptoKey[]): Promise<boolean> {
  try {
    const opening = factory.open(PROBE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(PROBE);
    const database = await done(opening);
    try {
      const store = database.transaction(PROBE, 'readwrite').objectStore(PROBE);
      await done(store.put(keys, 'keys'));
      const back: unknown = await done(store.get('keys'));
      return Array.isArray(back) && back.length === keys.length;
    } finally {
      database.close();
      factory.deleteDatabase(PROBE);
    }
  } catch {
    return false;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB refused.'));
  });
}
