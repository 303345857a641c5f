import type { MeshSummary } from '../peer/api';
import { words } from '../words/en';

/** What the banner of a mesh says; empty: nothing to say. */
export function bannerText(mesh: Pick<MeshSummary, 'connection' | 'waiting' | 'problem'>): string {
  switch (mesh.connection) {
    case 'online':
      return '';
    case 'removed':
      return words.banner.removed;
    case 'joining':
      return words.banner.joining;
    case 'connecting':
      // The first attempt takes a moment; only what waits for it is worth a line.
      return mesh.waiting > 0 || mesh.problem ? kept(words.banner.connecting, mesh.waiting) : '';
    case 'offline':
      return kept(words.banner.offline, mesh.waiting);
  }
}

function kept(text: string, waiting: number): string {
  return waiting > 0 ? `${text} — ${words.banner.kept(waiting)}` : text;
}
