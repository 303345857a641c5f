import type { Need } from '../peer/support';

/** For each thing a browser can lack: what is missing, what it is needed for, what to do. */
export const supportWords: Record<Need, { what: string; why: string; out: string }> = {
  'secure-origin': {
    what: 'This address is not secure.',
    why: 'Browsers hand out the cryptography that seals your messages only over https, or on localhost.',
    out: 'Open the relay under its https address. On the relay’s own computer, http://localhost works too.',
  },
  webassembly: {
    what: 'WebAssembly is switched off or missing.',
    why: 'The program that encrypts and connects is WebAssembly.',
    out: 'Allow it for this site (a lockdown mode may block it), or use a current Chrome, Edge, Firefox or Safari.',
  },
  worker: {
    what: 'Background workers are missing.',
    why: 'One worker keeps the connection for all tabs.',
    out: 'Use a current Chrome, Edge, Firefox or Safari, outside of an app’s built-in browser.',
  },
  locks: {
    what: 'Web Locks are missing.',
    why: 'They see to it that two tabs never send as the same device at once.',
    out: 'Update the browser: Chrome 69, Firefox 96, Safari 15.4 and later have them.',
  },
  storage: {
    what: 'IndexedDB is missing or blocked.',
    why: 'Keys and messages are stored there, on this device only.',
    out: 'Allow this site to store data, and do not block all cookies.',
  },
  ed25519: {
    what: 'Ed25519 signatures are missing.',
    why: 'With them this device proves that a message is its own.',
    out: 'Update the browser: Chrome 137, Firefox 129, Safari 17 and later have them.',
  },
  x25519: {
    what: 'X25519 key agreement is missing.',
    why: 'With it messages are sealed for each device.',
    out: 'Update the browser: Chrome 133, Firefox 130, Safari 17 and later have it.',
  },
  'storable-keys': {
    what: 'This window cannot keep keys.',
    why: 'Your device key is stored so that no script can read it; private windows of some browsers refuse that.',
    out: 'Open this page in an ordinary window.',
  },
};
