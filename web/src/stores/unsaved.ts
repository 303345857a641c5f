/**
 * Drafts that the peer could not take any more, because a newer build had taken over: kept with this tab until it was
 * reloaded.
 */
const PREFIX = 'claudemesh.draft ';

export function keepUnsaved(meshId: string, conversation: string, text: string): void {
  try {
    sessionStorage.setItem(`${PREFIX}${meshId} ${conversation}`, text);
  } catch {
    // There is no other place for it.
  }
}

/** What was kept, once; empty: nothing. */
export function takeUnsaved(meshId: string, conversation: string): string {
  const key = `${PREFIX}${meshId} ${conversation}`;
  try {
    const text = sessionStorage.getItem(key) ?? '';
    sessionStorage.removeItem(key);
    return text;
  } catch {
    return '';
  }
}
