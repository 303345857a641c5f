/** Small conveniences of this browser; nothing is lost where it refuses to keep them. */
const PREFIX = 'claudemesh.';

function read(key: string): string {
  try {
    return localStorage.getItem(PREFIX + key) ?? '';
  } catch {
    return '';
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Full or forbidden: the page works without.
  }
}

export const remembered = {
  /** What the peer has the page keep, since a worker cannot reach localStorage; see `marker` in wasm/peer.d.ts. */
  get marker(): string {
    return read('marker');
  },
  set marker(marker: string) {
    write('marker', marker);
  },

  /** The mesh that was open last. */
  get mesh(): string {
    return read('mesh');
  },
  set mesh(meshId: string) {
    write('mesh', meshId);
  },

  /** Whether there was a mesh at the last visit: decides what is painted before the peer has answered. */
  get hasMeshes(): boolean {
    return read('has-meshes') === '1';
  },
  set hasMeshes(has: boolean) {
    write('has-meshes', has ? '1' : '');
  },

  /** The mesh that was joined by the invite of a code; empty: none that this page knows of. */
  joinedBy: (code: string): string => read(`joined.${code}`),
  keepJoinedBy: (code: string, meshId: string): void => write(`joined.${code}`, meshId),

  /** The name under which this person joined last. */
  get displayName(): string {
    return read('display-name');
  },
  set displayName(name: string) {
    write('display-name', name);
  },
};
