// Runs one command of a layer with a time limit, and hands its output on by lines.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './paths.mjs';

// A layer is to end in under 9 minutes; what takes longer hangs.
const LIMIT_MS = 9 * 60 * 1000;

// Some runners colour what goes to a pipe.
const PLAIN = process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined };

const running = new Set();

// A command gets a process group of its own, so that browsers and relays which it
// started go when it goes. A Ctrl-C then reaches only us: pass it on.
function end(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // Nobody is left; macOS says EPERM when only the dead are.
    if (!['ESRCH', 'EPERM'].includes(error.code)) throw error;
  }
}
process.on('exit', () => running.forEach(end));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

// command resolves with true when the command exits with 0 in time. `onLine` gets
// each line of standard output and standard error.
export function command(argv, { cwd = ROOT, env = {}, onLine = console.log } = {}) {
  return new Promise((resolve) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd,
      env: { ...process.env, ...PLAIN, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    const limit = setTimeout(() => {
      onLine(`${argv.join(' ')} took more than ${LIMIT_MS / 60000} minutes and was stopped`);
      end(child);
    }, LIMIT_MS);
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', onLine);
    const finish = (ok) => {
      clearTimeout(limit);
      running.delete(child);
      resolve(ok);
    };
    child.on('error', (error) => {
      onLine(`${argv[0]}: ${error.message}`);
      finish(false);
    });
    // What the command left behind may hold the pipes open: end it, then the pipes close.
    child.on('exit', () => end(child));
    child.on('close', (code) => finish(code === 0));
  });
}
