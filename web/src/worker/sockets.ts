/**
 * Keeps hold of the WebSockets that the Go program opens. A program that has panicked cannot close them, and the relay
 * would count its session as online until the connection times out.
 */
const open = new Set<WebSocket>();

export function watchSockets(): void {
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      open.add(this);
      this.addEventListener('close', () => open.delete(this));
      // These listeners come first, so that they can keep what is left of a dead program's socket from calling into it.
      for (const type of ['open', 'message', 'error', 'close']) {
        this.addEventListener(type, (event) => {
          if (abandoned.has(this)) event.stopImmediatePropagation();
        });
      }
    }
  };
}

const abandoned = new WeakSet<WebSocket>();

export function closeSockets(): void {
  for (const socket of open) {
    abandoned.add(socket);
    socket.close();
  }
  open.clear();
}
