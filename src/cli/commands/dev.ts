import { resolve } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { formatHash } from '../../errors/load-error.ts';
import { isPluginError } from '../../errors/plugin-error.ts';
import { defineCommand } from '../define-command.ts';
import { importNamedInterface } from '../import-interface.ts';
import { fromJson, toJson } from '../output/json.ts';
import { note } from '../output/messages.ts';
import { UsageError } from '../parse-arguments.ts';
import { configOption, readConfig } from '../read-config.ts';
import { pythonOptions } from '../shared-options.ts';

/** `fidius dev`: loads a package, and loads it again whenever its files change. */
export const dev = defineCommand({
  name: 'dev',
  summary: 'Load a package again whenever its files change, and call a method each time',
  arguments: { package: {} },
  options: {
    call: { type: 'string', value: 'call', help: `Method to call, and its arguments as JSON: 'greet "Ada"'` },
    interface: {
      type: 'string',
      value: 'module',
      help: 'Check package and call against the interface of this module; <module>#<name> selects one of several',
    },
    config: configOption,
    ...pythonOptions,
  },
  examples: [
    'fidius dev plugins/my-greeter --interface greeter.ts',
    `fidius dev plugins/my-greeter --call 'greet "Ada"' --interface interfaces.ts#Greeter`,
  ],
  async run({ options, args: { package: path } }, io) {
    const imported =
      options.interface === undefined ? undefined : await importNamedInterface(options.interface, io.cwd);
    const { method, input } = readCall(options.call);
    const config = await readConfig(options.config, imported?.definition, path, io);
    const { openPackage } = await import('../../host/run-package.ts');
    const { HotReload, requireWatchable } = await import('../../host/reload/hot-reload.ts');
    const { PackagePolicy } = await import('../../host/policy/package-policy.ts');
    const policy = await PackagePolicy.read('fidius dev', {});

    await io.interruptible(async (signal) => {
      const loadedAt = Date.now();
      const opened = await openPackage({
        path: resolve(io.cwd, path),
        policy,
        method,
        definition: imported?.definition,
        config,
        input,
        start: { python: options.python, libpython: options.libpython },
        executor: 'process',
        onOutput: ({ text }) => io.stderr.write(`${text}\n`),
        onDeclaredHash: (hash) =>
          note(io, `no interface given, so the interface hash that ${path} declares is used: ${formatHash(hash)}`),
        onSelected: requireWatchable,
        signal,
      });
      const { selected, plugin, pythonVersion } = opened.outcome;
      const { name, version } = selected.manifest;
      const show = async () => {
        if (options.call !== undefined) io.stdout.write(await answerText(options.call, () => opened.invoke()));
      };
      let shown = Promise.resolve();
      const reload = await HotReload.start(
        { selected, definition: imported?.definition, plugin, loadedAt },
        (notice) => {
          shown = shown.then(async () => {
            if (notice.event === 'rejected') {
              io.stderr.write(`error: ${notice.message}\nhint: ${notice.hint}\n`);
              return;
            }
            io.stdout.write(`${notice.message}\n`);
            await show();
          });
        },
      );
      io.stdout.write(`Watching ${name} ${version}, Python ${pythonVersion}. Ctrl-C ends it.\n`);
      shown = shown.then(show);
      await untilAborted(signal);
      reload.close();
      await opened.close({ mode: 'abort' });
      throw signal.reason;
    });
    return {};
  },
});

/** Keeps the event loop alive meanwhile: a plugin that waits for calls and a watched folder do not. */
async function untilAborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 1 << 30);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(alive);
}

/** Calls the method, and describes what it returned or raised. */
async function answerText(call: string, invoke: () => Promise<unknown>): Promise<string> {
  const started = performance.now();
  try {
    const result = await invoke();
    const shown = result instanceof Uint8Array ? `${result.length} bytes` : toJson(result, { indent: 0 }).trimEnd();
    return `${call}: ${shown} (${(performance.now() - started).toFixed(1)} ms)\n`;
  } catch (error) {
    if (isPluginError(error)) return `${call} raised ${error.code}: ${error.message}\n${error.traceback.trimEnd()}\n`;
    if (!isFidiusError(error)) throw error;
    return `${call}: ${error.message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`;
  }
}

/** A method, and the JSON values after it. */
function readCall(call: string | undefined): { readonly method: string; readonly input: readonly unknown[] } {
  if (call === undefined) return { method: '', input: [] };
  const [, method = '', rest = ''] = /^\s*(\S+)\s*(.*)$/s.exec(call) ?? [];
  return { method, input: readValues(rest) };
}

/** JSON values that white space separates: a value ends at the first space up to which it is complete. */
function readValues(text: string): readonly unknown[] {
  const values: unknown[] = [];
  const words = text.split(/(\s+)/);
  let value = '';
  for (const word of words) {
    value += word;
    if (value.trim() === '') continue;
    try {
      values.push(fromJson(value));
      value = '';
    } catch {
      // It continues after the space, or is not JSON.
    }
  }
  if (value.trim() === '') return values;
  throw new UsageError(
    `--call: ${value.trim()} is not JSON`,
    `Write the arguments as JSON, separated by spaces: --call 'greet "Ada"'.`,
  );
}
