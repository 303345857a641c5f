import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../../bin/', import.meta.url));

/** The real relay on a data folder of its own. Its address stays the same over restarts. */
export class Relay {
  /** All that the relay wrote, to standard output and error. */
  log = '';
  origin = '';
  /** Where it listens, which differs from `origin` behind a proxy. */
  listening = '';
  private process: ChildProcess | undefined;

  private constructor(readonly data: string) {}

  static async start(...flags: string[]): Promise<Relay> {
    const relay = new Relay(await mkdtemp(join(tmpdir(), 'claudemesh-relay-')));
    await relay.run('127.0.0.1:0', flags);
    return relay;
  }

  /** Starts again where it was, with what it had stored. */
  async restart(): Promise<void> {
    await this.run(new URL(this.listening).host, []);
  }

  private async run(listen: string, flags: string[]): Promise<void> {
    const process = spawn(join(BIN, 'claudemesh-relay'), ['serve', '--listen', listen, '--data', this.data, ...flags]);
    this.process = process;
    process.stderr.on('data', (bytes: Buffer) => {
      this.log += bytes.toString();
      const address = /listen=(127\.0\.0\.1:\d+)/.exec(this.log)?.[1];
      if (address) this.listening = `http://${address}`;
    });
    const ready = new Promise<string>((resolve, reject) => {
      process.once('exit', (code) => reject(new Error(`the relay ended with ${code}:\n${this.log}`)));
      createInterface({ input: process.stdout }).on('line', (line) => {
        this.log += `${line}\n`;
        const url = /https?:\/\/[^\s/]+/.exec(line)?.[0];
        if (url) resolve(url);
      });
    });
    this.origin = await ready;
  }

  /** Ends it without a warning, as a power cut would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Asks it to drain, and returns its exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    const process = this.process;
    this.process = undefined;
    if (!process || process.exitCode !== null) return process?.exitCode ?? null;
    const ended = once(process, 'exit');
    process.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  /** Everything that a thief of this relay would have: its files and its logs. */
  async everything(): Promise<Buffer> {
    const names = await readdir(this.data, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    const contents = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))));
    return Buffer.concat([...contents, Buffer.from(this.log)]);
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }
}
