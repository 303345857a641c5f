/** Whether the relay behind an origin hands out programs. Where it cannot be asked, it is taken that it does not. */
export async function handsOutPrograms(origin: string, ask: typeof fetch = fetch): Promise<boolean> {
  try {
    const answer = await ask(`${origin}/api/public/downloads`);
    if (!answer.ok) return false;
    const listed = (await answer.json()) as { files?: unknown };
    return Array.isArray(listed.files) && listed.files.length > 0;
  } catch {
    return false;
  }
}
