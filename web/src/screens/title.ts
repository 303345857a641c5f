import type { MeshRoute } from '../router/route';
import type { MeshStore } from '../stores/mesh.svelte';
import { words } from '../words/en';
import { placeOf } from './conversation';

/** The title of the document: how much is unread and how much waits, what is shown, and of which mesh. */
export function titleOf(store: MeshStore, route: MeshRoute): string {
  const { state, waiting } = store;
  const parts = [shownBy(store, route), state?.name ?? ''].filter((part) => part !== '');
  if (waiting.length > 0) parts.unshift(words.waiting.count(waiting.length));
  return (state && state.unread > 0 ? `(${state.unread}) ` : '') + parts.join(' · ');
}

function shownBy(store: MeshStore, route: MeshRoute): string {
  switch (route.name) {
    case 'mesh':
      return '';
    case 'conversation': {
      const place = placeOf(store, route.conversation);
      return place ? (place.kind === 'topic' ? `#${place.title}` : place.title) : '';
    }
    default:
      return words.nav[route.name];
  }
}
