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
    }
  };
}

export function closeSockets(): void {
  for (const socket of open) socket.close();
  open.clear();
}
