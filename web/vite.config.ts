import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// web/dist holds one tracked file, so that the Go embed works before npm ran.
// Vite's own emptyOutDir would delete it.
const TRACKED = 'placeholder.html';

function emptyDist(): Plugin {
  let outDir = '';
  return {
    name: 'empty-dist',
    apply: 'build',
    enforce: 'pre',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    // Runs once bundling has succeeded: a failed build leaves the last good one.
    renderStart() {
      for (const name of readdirSync(outDir)) {
        if (name !== TRACKED) rmSync(join(outDir, name), { recursive: true });
      }
    },
  };
}

// The peer. scripts/build-wasm leaves two files in src/generated (git-ignored):
//
//   peer.wasm      import peerURL from '../generated/peer.wasm?url'
//   wasm_exec.js   import '../generated/wasm_exec.js'   (defines globalThis.Go)
//
// The worker imports both. Vite then emits the wasm as assets/peer-<hash>.wasm and
// bundles wasm_exec.js into assets/peer.worker-<hash>.js, so everything that belongs
// together is named by its content and nothing is loaded by eval or importScripts.
export default defineConfig({
  plugins: [svelte(), emptyDist()],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2022',
    // A data: URL would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: {
    port: 7901,
    proxy: {
      '/ws': { target: 'ws://localhost:7900', ws: true },
      '/api': 'http://localhost:7900',
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
