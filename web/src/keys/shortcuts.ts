import type { Navigator } from '../router/navigator.svelte';
import { meshPath } from '../router/route';
import type { Overlays } from '../stores/overlays.svelte';
import { enter, move } from './move';

interface Reach {
  meshId: string | null;
  overlays: Overlays;
  navigator: Navigator;
}

/** Keys that work from anywhere. Single letters stay letters where something is being written. */
export function shortcuts(event: KeyboardEvent, { meshId, overlays, navigator }: Reach): void {
  if (event.defaultPrevented || event.isComposing) return;

  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    if (meshId) overlays.show({ name: 'quick', meshId, target: '' });
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || overlays.open || isWriting(event.target)) return;

  const act = actions[event.key];
  if (act?.({ meshId, overlays, navigator })) event.preventDefault();
}

/** Each says whether it took the key. */
const actions: Record<string, (reach: Reach) => boolean> = {
  c: ({ meshId, overlays }) => {
    if (!meshId) return false;
    overlays.show({ name: 'quick', meshId, target: '' });
    return true;
  },
  v: ({ meshId, overlays }) => {
    if (!meshId) return false;
    overlays.show({ name: 'invite', meshId, inviteId: null });
    return true;
  },
  p: ({ meshId, navigator }) => {
    if (!meshId) return false;
    // Where people stand beside the conversation, the key goes to them.
    if (!enter('people')) navigator.go(meshPath(meshId, 'people'));
    return true;
  },
  w: () => enter('waiting'),
  '?': ({ overlays }) => {
    overlays.show({ name: 'help' });
    return true;
  },
  j: () => move(1),
  k: () => move(-1),
  i: () => focusComposer(),
};

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('textarea, select, input:not([type=radio], [type=checkbox])');
}

function focusComposer(): boolean {
  const composer = document.querySelector<HTMLElement>('[data-composer]');
  composer?.focus();
  return composer !== null;
}
