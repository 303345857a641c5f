import type { MeshSummary } from '../peer/api';
import { sentence } from '../text/problem';
import { words } from '../words/en';

export interface BannerContent {
  text: string;
  /** What is behind it, where that says more. */
  code: string;
  detail: string;
  /** Waiting will not help. */
  alarm: boolean;
  /** There is a pause to the next attempt, which the person can cut short. */
  waits: boolean;
}

/** What the banner of a mesh says, or `null`. */
export function bannerOf(mesh: Pick<MeshSummary, 'connection' | 'waiting' | 'problem'>): BannerContent | null {
  const { connection, waiting, problem } = mesh;
  if (connection === 'removed') return { text: words.banner.removed, code: 'removed', detail: '', alarm: true, waits: false };
  if (connection === 'online' || connection === 'joining') return null;
  if (problem && !problem.retry) return { text: sentence(problem), code: problem.code, detail: '', alarm: true, waits: false };
  // The first attempt takes a moment; only what waits for it is worth a line.
  if (connection === 'connecting' && waiting === 0 && !problem) return null;
  const waits = connection === 'offline';
  const state = connection === 'connecting' ? words.banner.connecting : words.banner.offline;
  const text = waiting > 0 ? `${state} — ${words.banner.kept(waiting)}` : state;
  if (!problem || problem.code === 'unreachable') return { text, code: '', detail: '', alarm: false, waits };
  return { text, code: problem.code, detail: sentence(problem), alarm: false, waits };
}
