import type { Port } from './messages';

/** What MessagePort, a dedicated Worker and a worker's own global scope have in common. */
interface Postable {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  start?(): void;
}

export function portOver<Out, In>(target: Postable): Port<Out, In> {
  return {
    post: (message) => target.postMessage(message),
    listen(listener) {
      target.addEventListener('message', (event) => listener(event.data as In));
      target.start?.();
    },
  };
}
