import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What `runtime/probe_python.py` prints: an interpreter about itself. */
export interface ProbeAnswer {
  readonly implementation: string;
  readonly version: string;
  readonly executable: string;
  readonly baseExecutable: string;
  readonly prefix: string;
  readonly basePrefix: string;
  readonly platform: string;
  readonly sitePackages: readonly string[];
  readonly config: Readonly<Record<string, string | number | null>>;
}

const script = fileURLToPath(new URL('../../../runtime/probe_python.py', import.meta.url));

export function probe(executable: string, env: NodeJS.ProcessEnv, cwd: string): ProbeAnswer {
  const { stdout, error } = spawnSync(executable, ['-E', '-s', '-S', script], { env, cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return JSON.parse(stdout) as ProbeAnswer;
}
