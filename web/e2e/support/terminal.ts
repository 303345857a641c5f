import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BIN } from './relay';

export interface Line {
  id: string;
  from_name: string;
  text: string;
  topic: string;
  state: string;
  [field: string]: unknown;
}

export interface Outcome {
  code: number;
  lines: Line[];
  error: string;
}

/** The real command line with a configuration folder of its own. */
export class Terminal {
  private readonly running = new Set<ChildProcess>();

  private constructor(readonly folder: string) {}

  static async open(): Promise<Terminal> {
    return new Terminal(await mkdtemp(join(tmpdir(), 'claudemesh-cli-')));
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, CLAUDEMESH_CONFIG_DIR: this.folder, XDG_RUNTIME_DIR: this.folder };
  }

  /** Runs one verb with --json and returns its lines, whatever its exit code. */
  run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(join(BIN, 'claudemesh'), ['--json', ...args], { env: this.env }, (failure, out, error) => {
        const lines = out.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line);
        resolve({ code: failure ? Number(failure.code ?? 1) : 0, lines, error });
      });
    });
  }

  /** Runs one verb that must succeed, and returns its first line. */
  async do(...args: string[]): Promise<Line> {
    const { code, lines, error } = await this.run(...args);
    if (code !== 0) throw new Error(`claudemesh ${args.join(' ')} ended with ${code}: ${error}`);
    return lines[0] ?? ({} as Line);
  }

  /** Starts a tail; each message is handed to `each` as it comes. */
  tail(each: (line: Line) => void): ChildProcess {
    const child = spawn(join(BIN, 'claudemesh'), ['--json', 'tail'], { env: this.env });
    this.running.add(child);
    createInterface({ input: child.stdout }).on('line', (line) => each(JSON.parse(line) as Line));
    return child;
  }

  async close(): Promise<void> {
    for (const child of this.running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    // Agents have started it; where none ran, there is nothing to stop.
    await this.run('daemon', 'stop');
    await rm(this.folder, { recursive: true, force: true });
  }
}
