/** Go's loader: a script without types that defines globalThis.Go. */
declare module '*/generated/wasm_exec.js';
