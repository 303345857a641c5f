import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between a browser and a relay, and loses one answer: the first to a request whose line holds `marker`. The relay
 * has carried that request out; the browser sees a broken connection.
 */
export class Cutter {
  cuts = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(marker: string, upstream: () => string): Promise<Cutter> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const cutter = new Cutter(server, `http://localhost:${(server.address() as AddressInfo).port}`);
    server.on('connection', (near) => cutter.pass(near, new URL(upstream()), marker));
    return cutter;
  }

  private pass(near: Socket, relay: URL, marker: string): void {
    const far = connect(Number(relay.port), '127.0.0.1');
    let doomed = false;
    near.on('data', (bytes) => {
      if (this.cuts === 0 && bytes.toString('latin1').includes(marker)) {
        doomed = true;
        this.cuts++;
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (doomed) near.resetAndDestroy();
      else near.write(bytes);
    });
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.end();
      });
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
