import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  defineInterface,
  type ExecutorName,
  type HostOptions,
  isPluginError,
  LoadError,
  method,
  type PluginError,
  PluginHost,
  t,
} from '../../src/index.ts';
import { observe } from './observer.ts';
import { writePlugin } from './plugin-folders.ts';
import { tempFolder } from './temp-folder.ts';

const anything = t.named('Value');

/** One method, which takes and returns anything. */
export const Runner = defineInterface('Runner', { version: 1, methods: { run: method({ arg: anything }, anything) } });

export interface ModulePackage {
  /** Lines of the entry module, which is named like the package. */
  readonly main: readonly string[];
  /** Other files by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Packages in one search path, and a host for them that is closed after the test. */
export async function openPackages(
  executor: ExecutorName,
  packages: Readonly<Record<string, ModulePackage>>,
  options: HostOptions = {},
) {
  const folder = tempFolder('modules');
  for (const [name, { main, files = {} }] of Object.entries(packages)) {
    writePlugin(folder, name, Runner, ...main);
    writeFiles(join(folder, name), files);
  }
  // One process for all plugins: it has one set of modules, as this process has for the other executors.
  const process = { group: 'all' };
  const host = await PluginHost.open({ searchPaths: [folder], executor, process, ...options });
  onTestFinished(() => host.close({ mode: 'abort' }));
  return {
    host,
    load: (name: string) => host.load(name, Runner),
    /** Path of a file in one of the packages. */
    path: (...parts: readonly string[]) => join(folder, ...parts),
  };
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Modules installed in the Python environment, until the end of the test. */
export async function installModules(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = tempFolder('environment');
  writeFiles(folder, files);
  const prefix = JSON.stringify(`${folder}/`);
  await python(
    `import sys; sys.path.append(${JSON.stringify(folder)})`,
    // A folder of the environment, as those are that Python had at its start.
    'from fidius_host.imports import external_modules as external',
    `external._folders += (${prefix},); external._known.clear()`,
  );
  onTestFinished(async () => {
    const names = JSON.stringify(Object.keys(files).map((path) => path.split('/')[0]?.replace(/\.py$/, '')));
    await python(
      'import sys',
      `sys.path.remove(${JSON.stringify(folder)})`,
      `for name in list(sys.modules):`,
      `    if name.partition(".")[0] in ${names}: del sys.modules[name]`,
    );
  });
  return folder;
}

/** Runs statements outside of every package of the test; gives what they put into `result`. */
export function python(...lines: readonly string[]): Promise<unknown> {
  return observe('execute', lines.join('\n'));
}

/** What a call or a load ends with when it must fail. */
export async function refusal(attempt: () => Promise<unknown>): Promise<LoadError | PluginError> {
  const error = await attempt().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof LoadError || isPluginError(error)) return error;
  throw new Error('The attempt did not fail as expected', { cause: error });
}
