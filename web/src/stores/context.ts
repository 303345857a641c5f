import { createContext } from 'svelte';
import type { Navigator } from '../router/navigator.svelte';
import type { App } from './app.svelte';
import type { Overlays } from './overlays.svelte';

/** What every screen can reach: the page's state, where it is, and what floats above it. */
export interface Surface {
  app: App;
  navigator: Navigator;
  overlays: Overlays;
}

export const [surface, provideSurface] = createContext<Surface>();
