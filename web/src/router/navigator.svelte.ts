import { parseRoute, type Route } from './route';

/** Where the page is. One for the page; reading `route` in a component follows it. */
export class Navigator {
  #path = $state(location.pathname);
  readonly route: Route = $derived(parseRoute(this.#path));

  constructor() {
    window.addEventListener('popstate', () => {
      this.#path = location.pathname;
    });
  }

  go(path: string): void {
    if (path === location.pathname) return;
    history.pushState(null, '', path);
    this.#path = path;
  }

  /** Goes there without a way back: for addresses that mean another, and after an invite was used. */
  replace(path: string): void {
    history.replaceState(null, '', path);
    this.#path = path;
  }

  /** A click handler for links within this site; leaves clicks that open elsewhere to the browser. */
  readonly follow = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.currentTarget as HTMLAnchorElement;
    if (link.origin !== location.origin) return;
    event.preventDefault();
    this.go(link.pathname);
  };
}
