import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runIsolated } from './isolated.ts';

/** How the host ends. */
export const killedEnds = ['close', 'exit', 'kill'] as const;

interface Report {
  readonly made: number;
  readonly settled: number;
  readonly wrong: number;
  readonly kills: number;
  readonly unexpected: readonly string[];
}

/**
 * Runs `kill-children.ts` once.
 *
 * @returns what went wrong, and the report of the program.
 */
export async function runKilledChildren(
  seed: number,
  milliseconds: number,
  end: (typeof killedEnds)[number],
): Promise<{ readonly problem: string | undefined; readonly report: Report | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), 'fidius-stress-'));
  const marker = randomUUID();
  try {
    const args = [String(seed), String(milliseconds), end, folder, marker];
    const outcome = await runIsolated('kill-children.ts', { args, timeoutMs: milliseconds + 60_000 });
    const line = outcome.stdout.split('\n').find((text) => text.startsWith('{'));
    if (outcome.timedOut) return { problem: 'it did not end', report: undefined };
    if (line === undefined) return { problem: `it reported nothing: ${outcome.stderr}`, report: undefined };
    const report = JSON.parse(line) as Report;
    const orphans = await orphansOf(marker);
    return { problem: problemOf(report, end) ?? orphans, report };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function problemOf({ made, settled, wrong, unexpected }: Report, end: string): string | undefined {
  if (wrong > 0) return `${wrong} results were wrong`;
  if (unexpected.length > 0) return `unexpected: ${unexpected.join(', ')}`;
  return end !== 'close' || made === settled ? undefined : `${made - settled} promises were not settled`;
}

/** Waits until no Python process of the run is left. The processes that its plugins have started may be left, see the documentation. */
async function orphansOf(marker: string): Promise<string | undefined> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const left = marked(marker);
    const servers = left.filter(({ command }) => !command.startsWith('sleep'));
    if (servers.length === 0 || performance.now() > deadline) {
      for (const { pid } of left) kill(pid);
      return servers.length === 0 ? undefined : `processes are left: ${servers.map(({ pid }) => pid).join(', ')}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function marked(marker: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // Only of the processes that the program has started: the marker is in no other environment.
        if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(`FIDIUS_STRESS=${marker}`)) return [];
        return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'latin1') }];
      } catch {
        return [];
      }
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
