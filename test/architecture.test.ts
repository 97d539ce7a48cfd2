import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSource, sourceFiles, sourceImports, testFiles, testImports } from './support/imports.ts';

/**
 * The rooms of `src/`, and for each the rooms it may import from. Read top to bottom it is the order to learn them in.
 *
 * `types` are rooms of which only types may be imported: they know the shape of a thing and not how it is made.
 */
const rooms: Record<string, { readonly imports: readonly string[]; readonly types?: readonly string[] }> = {
  node: { imports: [] },
  errors: { imports: [] },
  files: { imports: ['errors'] },
  codec: { imports: ['errors'] },
  contract: { imports: ['codec', 'errors'] },
  protocol: { imports: ['codec', 'errors'] },
  packaging: { imports: ['contract', 'files', 'errors', 'node'] },
  ffi: { imports: ['errors'] },
  cpython: { imports: ['ffi', 'protocol', 'codec', 'files', 'errors', 'node'], types: ['packaging'] },
  executor: { imports: ['cpython', 'protocol', 'codec', 'errors', 'node'] },
  host: { imports: ['executor', 'cpython', 'ffi', 'protocol', 'packaging', 'contract', 'codec', 'errors', 'node'] },
  mcp: { imports: ['host', 'contract', 'errors'], types: ['packaging'] },
  cli: { imports: ['mcp', 'host', 'packaging', 'contract', 'errors'] },
};

/** Packages from outside, and the one file or room that knows each of them, so that another can take its place. */
const packages: Record<string, string> = {
  'bzip2-wasm': 'packaging/bzip2/libbzip2.ts',
  koffi: 'ffi/koffi.ts',
  semver: 'host/policy/version-range.ts',
  'smol-toml': 'packaging/',
};

/** The same for packages that users install themselves, for a part of the library that is imported on demand. */
const optionalPackages: Record<string, string> = {
  '@modelcontextprotocol/sdk': 'mcp/sdk.ts',
};

/** The same for packages that are only there where the sources themselves run, in tests and examples. */
const developmentPackages: Record<string, string> = {
  tsx: 'packaging/bzip2/start-worker.ts',
};

/**
 * What a library may ask its process. The rest (arguments, streams, exit) belongs to the program: only `src/cli` is one.
 */
const facts = [
  'availableMemory',
  'arch',
  'cwd',
  'env',
  'execPath',
  'getBuiltinModule',
  'getgid',
  'getuid',
  'permission',
  'pid',
  'platform',
  'release',
  'report',
  'version',
  'versions',
];

/** The files outside `src/cli` that need more than {@link facts}, and why. */
const exceptions: Record<string, string> = {
  'packaging/files/process-identity.ts':
    'What another process left half-done is cleared away only when that process is no longer alive.',
  'executor/process/host-access.ts':
    'Children of a plugin end with its process, and the output of a process goes where output in this process goes.',
  'host/events/host-notice.ts': 'What plugins change for the whole process is a warning of the process.',
  'cpython/lifecycle/stop.ts':
    'Python ends before the process does, with the exit code the program chose, and says what it waited for.',
};

const imports = sourceImports();
const roomOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : undefined);

/**
 * The folders of `src/executor`, and for each the folders and rooms that it must not import from. A call server can run in
 * another process, so its client does not depend on an interpreter in this process.
 */
const executorFolders: Record<string, { readonly never: readonly string[] }> = {
  'executor/server/': { never: ['cpython/', 'ffi/', 'executor/inline/', 'executor/process/', 'executor/thread/'] },
  'executor/inline/': { never: ['executor/process/', 'executor/server/', 'executor/thread/'] },
  'executor/thread/': { never: ['executor/inline/', 'executor/process/'] },
  'executor/process/': {
    never: [
      'cpython/api/',
      'cpython/call/',
      'cpython/gil/',
      'cpython/interpreter.ts',
      'cpython/lifecycle/',
      'ffi/',
      'executor/inline/',
      'executor/thread/',
    ],
  },
};

describe('the rooms of src/', () => {
  it('are those of the table', () => {
    const folders = readdirSync(fileURLToPath(new URL('../src', import.meta.url)), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);

    expect(Object.keys(rooms)).toEqual(expect.arrayContaining(folders));
  });

  it.each(Object.entries(rooms))('%s imports only from the rooms it may', (room, allowed) => {
    const strays = imports.filter(({ file, target, typeOnly }) => {
      const other = roomOf(target);
      if (roomOf(file) !== room || other === undefined || !(other in rooms) || other === room) return false;
      return !allowed.imports.includes(other) && !(typeOnly && allowed.types?.includes(other));
    });

    expect(strays).toEqual([]);
  });

  it.each(Object.entries(executorFolders))(
    '%s imports nothing from the folders it must not know',
    (folder, { never }) => {
      const own = imports.filter(({ file }) => file.startsWith(folder));
      const strays = own.filter(({ target }) => never.some((other) => target.startsWith(other)));

      expect(own).not.toEqual([]);
      expect(strays).toEqual([]);
    },
  );

  it('have protocol without sockets, processes and files', () => {
    const outside = imports.filter(({ file, target }) => roomOf(file) === 'protocol' && !target.endsWith('.ts'));

    expect(outside).toEqual([]);
  });

  it('import files, never a barrel', () => {
    expect(sourceFiles().filter((file) => basename(file) === 'index.ts')).toEqual(['index.ts']);
    expect(imports.filter(({ target }) => target === 'index.ts')).toEqual([]);
  });

  it('are free of import cycles, those of types included', () => {
    expect(findCycle()).toBeUndefined();
  });
});

/** What reads a file by its path, whatever lies there and however long it is. */
const rawReaders = ['copyFile', 'cp', 'createReadStream', 'open', 'openAsBlob', 'openSync', 'readFile', 'readFileSync'];

/** The files of packaging that create files, and open nothing that exists. */
const writers = ['files/replace-file.ts', 'files/tree-writer.ts'];

/** Reads what this package itself brings along. */
const ownFiles = ['bzip2/libbzip2.ts'];

/** The entries of the package, which is what tests outside `test/unit` may import of `src`. */
const entries = ['src/index.ts', 'src/packaging.ts', 'src/testing.ts', 'src/mcp.ts'];

/**
 * Programs that test what ends or changes a process, through internal functions: the executor without a host, and frames.
 * A test starts them in a process of its own and imports none of them.
 */
const programs = 'test/fixtures/programs/';

/**
 * The program `fidius` is another public entry. `src/cli/main.ts` is this function with the streams of the process; with
 * those of a test, a command needs no process.
 */
const program = { file: 'test/support/cli-here.ts', target: 'src/cli/run-cli.ts' };

describe("import 'fidius'", () => {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { target } of read.filter((each) => each.file === file)) visit(target);
  };
  const read = sourceImports().filter(({ typeOnly, onDemand }) => !typeOnly && !onDemand);
  visit('index.ts');

  it.each(['cpython', 'ffi', 'packaging', 'protocol', 'executor/server', 'executor/thread', 'host/policy'])(
    'reads nothing of %s before a host is opened',
    (folder) => {
      expect([...reached].filter((file) => file.startsWith(`${folder}/`))).toEqual([]);
    },
  );

  it('reads what interfaces and hosts need', () => {
    expect([...reached]).toEqual(expect.arrayContaining(['contract/t.ts', 'host/plugin-host.ts']));
  });
});

describe('tests outside test/unit', () => {
  const imported = testImports().filter(({ file }) => !file.startsWith('test/unit/') && !file.startsWith(programs));

  it('import the entries of src, and no internal file', () => {
    const strays = imported.filter(({ file, target }) => {
      const isProgram = file === program.file && target === program.target;
      return target.startsWith('src/') && !entries.includes(target) && !isProgram;
    });

    expect(strays.map(({ file, target }) => `${file}: ${target}`)).toEqual([]);
  });

  it('import no helper of test/unit, and no program', () => {
    const strays = imported.filter(({ target }) => target.startsWith('test/unit/') || target.startsWith(programs));

    expect(strays.map(({ file, target }) => `${file}: ${target}`)).toEqual([]);
  });

  it('are at least three fifths of the test files', () => {
    const files = testFiles().filter((file) => file.endsWith('.test.ts'));
    const outside = files.filter((file) => !file.startsWith('test/unit/'));

    expect(outside.length / files.length).toBeGreaterThanOrEqual(0.6);
  });
});

describe('files of others', () => {
  it('are opened by src/files alone: packaging reads none by its path', () => {
    const strays = sourceFiles()
      .filter(
        (file) => roomOf(file) === 'packaging' && ![...writers, ...ownFiles].includes(file.replace('packaging/', '')),
      )
      .flatMap((file) =>
        namesFromFs(file)
          .filter((name) => isRawReader(name))
          .map((name) => ({ file, name })),
      );

    expect(strays).toEqual([]);
  });

  it('are only created, never read, by what writes', () => {
    for (const file of writers) {
      const calls = [...readSource(`packaging/${file}`).matchAll(/\b(?:open|openSync)\([^)]*?'(\w+)'/g)];
      expect(calls.map(([, flags]) => flags)).toEqual(['wx']);
    }
  });

  it('are opened by one function of the runtime', () => {
    const folder = fileURLToPath(new URL('../runtime/fidius_host', import.meta.url));
    const openers = readdirSync(folder, { encoding: 'utf8', recursive: true })
      .filter((name) => name.endsWith('.py') && name !== join('imports', 'foreign_files.py'))
      .flatMap((name) => {
        const code = readFileSync(`${folder}/${name}`, 'utf8');
        return [...code.matchAll(/(?<![\w.])(?:os\.)?open\((?!"\/proc\/)|\.read_(?:text|bytes)\(/g)].map(() => name);
      });

    expect(openers).toEqual([]);
  });
});

function isRawReader(name: string): boolean {
  return rawReaders.includes(name) || rawReaders.some((reader) => name === `${reader}Sync`);
}

/** What a file takes from `node:fs` and `node:fs/promises`, types aside. */
function namesFromFs(file: string): readonly string[] {
  const clauses = readSource(file).matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?';/g);
  const names = [...clauses].flatMap(([, clause = '']) => clause.split(',').map((name) => name.trim()));
  return names.filter((name) => name !== '' && !name.startsWith('type '));
}

describe('timers, microtasks and clocks', () => {
  // The time of day is meant to be the one that a test sets: it decides on signatures.
  const replaceable =
    /(?<![.\w#])(?:(?:globalThis|mainRealm)\.)?(?:set(?:Timeout|Interval|Immediate)|clear(?:Timeout|Interval|Immediate)|queueMicrotask|performance|Date\.now|process\.(?:nextTick|hrtime))\b(?!:)|from 'node:(?:timers|timers\/promises|perf_hooks)'/g;

  it('are those of src/node/timers.ts, as test runners replace the global ones', () => {
    const strays = sourceFiles()
      .filter((file) => roomOf(file) !== 'cli' && roomOf(file) !== 'node')
      .flatMap((file) => {
        const code = withoutComments(readSource(file));
        const taken = [...code.matchAll(/import \{([^}]*)\} from '[./]*node\/timers\.ts'/g)].flatMap(([, names = '']) =>
          names.split(',').map((name) => name.trim()),
        );
        const body = code.replaceAll(/import \{[^}]*\} from '[./]*node\/timers\.ts';/g, '');
        return [...body.matchAll(replaceable)]
          .filter(([found]) => !taken.includes(found))
          .map(([found]) => ({ file, found }));
      });

    expect(strays).toEqual([]);
  });
});

describe.each(['index.ts', 'packaging.ts', 'testing.ts', 'mcp.ts'])('the entry src/%s', (entry) => {
  it('checks the version of Node.js, re-exports and does nothing else', () => {
    const code = withoutComments(readSource(entry)).replace("import './errors/require-node.ts';", '');

    expect(code.replaceAll(/export (?:type )?\{[^}]*\} from '[^']+';/g, '').trim()).toBe('');
  });
});

describe('the outside world', () => {
  it.each(Object.entries({ ...packages, ...optionalPackages, ...developmentPackages }))(
    '%s is imported by %s alone',
    (name, only) => {
      const importers = imports.filter(({ target }) => packageOf(target) === name).map(({ file }) => file);

      expect(importers.filter((file) => !file.startsWith(only))).toEqual([]);
    },
  );

  it('has one FFI implementation, which one file selects', () => {
    expect(imports.filter(({ target }) => target === 'ffi/koffi.ts').map(({ file }) => file)).toEqual([
      'ffi/native.ts',
    ]);
  });

  it('is made of Node and the packages of the table', () => {
    const known = Object.keys({ ...packages, ...optionalPackages, ...developmentPackages });
    const outside = imports.map(({ target }) => target).filter((target) => !target.endsWith('.ts'));

    expect(outside.filter((target) => !target.startsWith('node:') && !known.includes(packageOf(target)))).toEqual([]);
  });

  it('is installed as far as the table has it, and no further', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      dependencies: Record<string, string>;
    };

    expect(Object.keys(dependencies)).toEqual(Object.keys(packages));
  });

  it('is asked by a library for facts only: arguments, streams and exit are for src/cli', () => {
    const strays = sourceFiles()
      .filter((file) => roomOf(file) !== 'cli' && !(file in exceptions))
      .flatMap((file) => beyondFacts(file).map((member) => ({ file, member })));

    expect(strays).toEqual([]);
  });

  it('has no unused exceptions', () => {
    expect(Object.keys(exceptions).filter((file) => beyondFacts(file).length === 0)).toEqual([]);
  });
});

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}

/** `tsx` for `tsx/esm/api`, `@scope/name` for `@scope/name/file`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** What the code of a file touches of `process` beyond facts; `(whole)` where it is handed on or taken apart. */
function beyondFacts(file: string): string[] {
  const code = withoutComments(readSource(file));
  const members = [...code.matchAll(/(?<![.\w])process\.(\w+)/g)].map(([, member = '']) => member);
  const strays = new Set(members.filter((member) => !facts.includes(member)));
  if (/[=(,:] ?process ?[;,)]/.test(code)) strays.add('(whole)');
  return [...strays];
}

/** A ring of files that import one another, or nothing. */
function findCycle(): readonly string[] | undefined {
  const targets = new Map(sourceFiles().map((file) => [file, [] as string[]]));
  for (const { file, target } of imports) if (targets.has(target)) targets.get(file)?.push(target);

  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of targets.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of targets.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
