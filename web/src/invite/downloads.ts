import type { Shell } from './link';

/** The shells for which the relay behind an origin has a program to hand out. Where it cannot be asked, it is taken that it has none. */
export async function servedShells(origin: string, ask: typeof fetch = fetch): Promise<Shell[]> {
  try {
    const answer = await ask(`${origin}/api/public/downloads`);
    if (!answer.ok) return [];
    const { files } = (await answer.json()) as { files: { os: string }[] };
    const forWindows = files.filter(({ os }) => os === 'windows').length;
    return [...(files.length > forWindows ? ['sh' as const] : []), ...(forWindows > 0 ? ['powershell' as const] : [])];
  } catch {
    return [];
  }
}
