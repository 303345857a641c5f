// Where the test layers run and leave what they report.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const WEB = join(ROOT, 'web');
export const BENCH = join(ROOT, 'scripts', 'bench');
export const DEPLOY = join(ROOT, 'scripts', 'deploy');
export const WYCHEPROOF = join(ROOT, 'scripts', 'wycheproof');
export const REPORTS = join(ROOT, '.cache', 'test');
export const TOOLS = join(ROOT, '.cache', 'tools');
