import { existsSync, statSync, writeFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import type { FoundInterface, PythonModule, PythonProblem } from '../../contract/from-python/python-interface.ts';
import type { Interface } from '../../contract/interface.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import { messageOf } from '../../errors/is-error.ts';
import { defineCommand } from '../define-command.ts';
import { importDefinition } from '../import-interface.ts';
import { inFolderOf } from '../output/make-folder.ts';
import { formatCount } from '../output/text.ts';
import { UsageError } from '../parse-arguments.ts';

/** What is read: the file of a module, and what names its interface. */
interface Subject {
  readonly file: string;
  readonly name: string;
  readonly version: number;
}

/** `fidius interface from`: writes a TypeScript interface of the annotations of a Python module. */
export const interfaceFrom = defineCommand({
  name: 'interface from',
  summary: 'Write a TypeScript interface from the annotations of a Python module',
  arguments: { module: {} },
  options: {
    out: { type: 'string', value: 'file', help: 'Write to a new file instead of standard output' },
    force: { type: 'boolean', help: 'Replace an existing file' },
    check: {
      type: 'boolean',
      help: 'Write nothing, and fail if the module does not match the interface in --out, or without it its own __interface_hash__',
    },
    name: {
      type: 'string',
      value: 'name',
      help: 'Name of the interface (default: the one in package.toml, or of the file)',
    },
    python: { type: 'string', value: 'path', help: 'Python that reads the file, without running it' },
  },
  examples: [
    'fidius interface from my-greeter',
    'fidius interface from tools.py --name Tools --out tools-interface.ts',
    'fidius interface from my-greeter --out greeter-interface.ts --check',
  ],
  async run({ options, args }, io) {
    const { toInterface } = await import('../../contract/from-python/python-interface.ts');
    const { readPythonInterface } = await import('../../host/read-python-interface.ts');

    const path = resolve(io.cwd, args.module);
    if (!existsSync(path)) {
      throw new FidiusError('FIDIUS_CLI_MODULE', `Cannot read ${path}: there is no such file`, {
        hint: 'Name a Python file, or the folder of a package.',
      });
    }
    const given = statSync(path).isDirectory()
      ? await readPackage(path)
      : { file: path, name: titleOf(path), version: 1 };
    const module = readPythonInterface(given.file, options.python) as PythonModule;
    const stubbed = /^A plugin for the interface (\S+), version (\d+)\./.exec(module.doc ?? '');
    const isPackage = given.file !== path;
    const subject: Subject = {
      file: given.file,
      name: options.name ?? (isPackage ? given.name : (stubbed?.[1] ?? given.name)),
      version: isPackage ? given.version : Number(stubbed?.[2] ?? given.version),
    };
    const problems: PythonProblem[] = [...module.problems];
    const found = toInterface(module, subject, problems);
    if (found === undefined) throw notExpressible(relative(io.cwd, subject.file), problems);

    if (options.check) {
      const text = await check(found, module, subject, options.out, io.cwd);
      return { isReport: true, text };
    }
    const hash = `__interface_hash__ = ${found.definition.hashHex}`;
    if (options.out === undefined || options.out === '-') {
      io.stderr.write(`${hash}\n`);
      return { text: found.source };
    }
    const out = resolve(io.cwd, options.out);
    await inFolderOf(out, async () => write(out, found.source, options.force));
    const { name, methods } = found.definition;
    return {
      isReport: true,
      text: `Wrote ${out}: ${name} with ${formatCount(methods.length, 'method')}\nThe module declares it with: ${hash}\n`,
    };
  },
});

async function readPackage(folder: string): Promise<Subject> {
  const { readManifest } = await import('../../packaging/manifest/manifest.ts');
  const { findEntryModule } = await import('../../host/load/entry-module.ts');
  const {
    python,
    interface: name,
    interfaceVersion,
  } = readManifest(folder) as {
    readonly python?: { readonly entryModule: string };
    readonly interface: string;
    readonly interfaceVersion: number;
  };
  if (python === undefined)
    throw new UsageError(`${folder} is not a Python package`, 'Name a package with `runtime = "python"`.');
  const file = findEntryModule(folder, python.entryModule);
  if (file?.endsWith('.py') !== true) {
    throw new FidiusError('FIDIUS_CLI_MODULE', `${folder} has no source of its entry module ${python.entryModule}`, {
      hint: 'Put the file into the package.',
    });
  }
  return { file, name, version: interfaceVersion };
}

/** `WeatherTools` for `weather_tools.py`. */
function titleOf(path: string): string {
  const words = basename(path, '.py').split(/[^\p{L}\p{N}]+/u);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('') || 'Plugin';
}

function notExpressible(file: string, problems: readonly PythonProblem[]): FidiusError {
  const lines = problems.map(({ line, message, hint }) => `  ${file}:${line}: ${message}. ${hint}`);
  return new FidiusError(
    'FIDIUS_CLI_ANNOTATIONS',
    [`${formatCount(problems.length, 'part')} of ${file} cannot be expressed in an interface:`, ...lines].join('\n'),
    { hint: 'Change these lines, or mark the functions that are methods with `@method` of `fidius`.' },
  );
}

/** @throws FidiusError `FIDIUS_CLI_DRIFT`. */
async function check(
  { definition }: FoundInterface,
  { hash }: PythonModule,
  { file }: Subject,
  out: string | undefined,
  cwd: string,
): Promise<string> {
  const shown = relative(cwd, file);
  if (out === undefined) {
    if (hash !== null && BigInt(hash) === definition.hash) return `${shown} matches its __interface_hash__\n`;
    const declared =
      hash === null ? 'declares no __interface_hash__' : `declares 0x${BigInt(hash).toString(16).padStart(16, '0')}`;
    throw new FidiusError('FIDIUS_CLI_DRIFT', `${shown} ${declared}, and its annotations have ${definition.hashHex}`, {
      hint: `Write \`__interface_hash__ = ${definition.hashHex}\`, or undo the change of the annotations.`,
    });
  }
  const { isInterface } = await import('../../contract/interface.ts');
  const { definition: written } = await importDefinition(out, cwd, undefined, isInterface);
  const differences = differencesOf(written, definition);
  if (differences.length === 0) return `${shown} matches ${out}\n`;
  throw new FidiusError('FIDIUS_CLI_DRIFT', [`${shown} does not match ${out}:`, ...differences].join('\n'), {
    hint: 'Change one of them, or write the interface again with --force.',
  });
}

function differencesOf(written: Interface, found: Interface): readonly string[] {
  const [there, here] = [written, found].map(({ methods }) => methods.map(({ signature }) => signature)) as [
    string[],
    string[],
  ];
  const lines = [
    ...there.filter((each) => !here.includes(each)).map((each) => `  only in TypeScript: ${each}`),
    ...here.filter((each) => !there.includes(each)).map((each) => `  only in Python: ${each}`),
  ];
  const isMoved = lines.length === 0 && there.join('\n') !== here.join('\n');
  return isMoved
    ? [`  the order of the methods: ${there.join(', ')} in TypeScript, ${here.join(', ')} in Python`]
    : lines;
}

function write(file: string, source: string, force: boolean): void {
  try {
    writeFileSync(file, source, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new FidiusError(
      'FIDIUS_CLI_OUTPUT',
      `Cannot write ${file}: ${exists ? 'it already exists' : messageOf(error)}`,
      {
        cause: error,
        ...(exists ? { hint: 'Choose another file, or replace it with --force.' } : {}),
      },
    );
  }
}
