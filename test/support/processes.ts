import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HostOptions, LoadOptions, ProcessOptions, ProcessStats } from '../../src/index.ts';
import { type HostOfOne, loadProbe, openExecutor, type Probe } from './executors.ts';
import { findPythons } from './pythons.ts';
import { tempFolder } from './temp-folder.ts';

/** Lines of a plugin that can harm its process in many ways. */
const lines = [
  'import ctypes, os, signal, subprocess, sys, threading, time',
  'def add(a, b): return a + b',
  'def pid(): return os.getpid()',
  'def run(source):',
  '    names = dict(globals())',
  '    exec(source, names)',
  '    return names.get("result")',
  'def nap(seconds): time.sleep(seconds); return seconds',
  'def spin():',
  '    while True: pass',
  // A loop in C that holds the GIL: a search that takes longer than any test.
  'def hold(): return sum(range(1 << 60))',
  'def deaf():',
  '    while True:',
  '        try: time.sleep(0.01)',
  '        except BaseException: pass',
];
export const probeMethods = [
  'add(any, any): any',
  'pid(): any',
  'run(any): any',
  'nap(any): any',
  'spin(): any',
  'hold(): any',
  'deaf(): any',
];

export interface ProcessProbe extends Probe {
  readonly executor: HostOfOne;
  /** The process of the plugin, or the first one. */
  readonly state: () => ProcessStats;
}

/** Loads a plugin into a process of its own. */
export async function openProcess(
  process: ProcessOptions = {},
  options: Omit<HostOptions, 'process'> = {},
  more: { readonly lines?: readonly string[]; readonly load?: LoadOptions; readonly name?: string } = {},
): Promise<ProcessProbe> {
  const executor = openExecutor('process', { onOutput: () => {}, onNotice: () => {}, ...options, process });
  const probe = await loadProbe(executor, {
    methods: probeMethods,
    lines: [...lines, ...(more.lines ?? [])],
    ...(more.load === undefined ? {} : { options: more.load }),
    ...(more.name === undefined ? {} : { name: more.name }),
  });
  const state = () => (probe.plugin.stats().processes as readonly ProcessStats[])[0] as ProcessStats;
  return { ...probe, executor, state };
}

/** Creates a virtual environment without packages. */
export function createVenv(): { readonly folder: string; readonly sitePackages: string } {
  const folder = join(tempFolder(), 'env');
  const { executable } = findPythons().at(-1) as { executable: string };
  execFileSync(executable, ['-m', 'venv', '--without-pip', folder]);
  const [version = ''] = readdirSync(join(folder, 'lib'));
  return { folder, sitePackages: join(folder, 'lib', version, 'site-packages') };
}

/** Waits until a process has ended; false if it takes too long. */
export async function endsSoon(pid: number): Promise<boolean> {
  const deadline = performance.now() + 10_000;
  while (await isRunning(pid)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}

/** Whether a process exists that has not become a zombie. */
export async function isRunning(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
