import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Block, root } from './markdown.ts';
import { makeWheels, type WheelContent } from './wheels.ts';

const execute = promisify(execFile);

/**
 * The blocks of all pages laid out as files, a folder for each page, so that compilers and interpreters can work on them
 * as they do on a reader's machine: `fidius` is this project, and the packages it installs are installed.
 */
export class DocWorkspace implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-docs-')));
  /** Stands for the index of pip and uv: the pages are checked without a network. */
  readonly #wheels = join(this.folder, 'wheels');

  readonly #blocks: readonly Block[];

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks;
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(this.folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    makeWheels(this.#wheels, indexed);
    for (const block of blocks) {
      const file = this.fileOf(block);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, block.code);
    }
  }

  /** The folder of the page a block is on; what the reader would have open. */
  pageFolderOf(block: Block): string {
    return join(this.folder, block.page.replaceAll(/[/.]/g, '-'));
  }

  /** Where a block lies before it is run. Those that replace files are kept apart, together: they fit each other. */
  fileOf(block: Block): string {
    const folder = block.changed ? join(this.pageFolderOf(block), 'changed') : this.pageFolderOf(block);
    return join(folder, block.file ?? `line-${block.line}.${block.language}`);
  }

  /** What TypeScript says about all blocks together, as it prints it; nothing when it is content. */
  async typeErrors(): Promise<string> {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const outcome = await runFile(process.execPath, [tsc, '--noEmit', '-p', this.folder], this.folder);
    return outcome.exitCode === 0 ? '' : outcome.stdout;
  }

  /** Runs a TypeScript program of a page. */
  async runProgram(block: Block): Promise<Outcome> {
    const { changed, file } = block;
    this.#replaceFiles(block);
    const program = changed && file !== undefined ? join(this.pageFolderOf(block), file) : this.fileOf(block);
    return await this.run(block, process.execPath, [tsx, program]);
  }

  /** What a Python with the SDK and the packages of the pages can import. */
  get pythonPath(): string {
    return [join(root, 'python'), ...readdirSync(this.#wheels).map((name) => join(this.#wheels, name))].join(delimiter);
  }

  /**
   * Runs the commands of a block, as in a shell of the reader's: `npx` starts what is installed here, and the SDK is installed
   * in `python3`.
   */
  async runShell(block: Block): Promise<Outcome> {
    this.#replaceFiles(block);
    const npx = `npx() { local name=$1; shift; case $name in
      fidius) '${process.execPath}' --import '${import.meta.resolve('tsx')}' '${join(root, 'src/cli/main.ts')}' "$@" ;;
      tsx) '${process.execPath}' '${tsx}' "$@" ;;
    esac; }
    python3() { PYTHONPATH='${join(root, 'python')}' command python3 "$@"; }`;
    return await this.run(block, 'bash', ['-ec', `${npx}\n${block.code}`]);
  }

  /** Runs a program in the folder of a block's page. */
  async run(block: Block, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    // Packages are stored among the caches of the user.
    const own = {
      XDG_CACHE_HOME: join(this.folder, 'caches'),
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: this.#wheels,
      UV_NO_INDEX: '1',
      UV_FIND_LINKS: this.#wheels,
    };
    return await runFile(command, args, this.pageFolderOf(block), { ...own, ...env });
  }

  /** Writes what the reader was told to change until here. */
  #replaceFiles({ page, line }: Block): void {
    for (const block of this.#blocks) {
      if (!block.changed || block.page !== page || block.line > line || block.file === undefined) continue;
      writeFileSync(join(this.pageFolderOf(block), block.file), block.code);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whether a block names a file of the project; such a block is compared with it and needs no other check. */
export function isProjectFile(block: Block): block is Block & { file: string } {
  return block.file !== undefined && existsSync(join(root, block.file));
}

/** Packages that the pages install, reduced to what the pages use. */
const indexed: readonly WheelContent[] = [
  {
    name: 'Unidecode',
    version: '1.4.0',
    files: {
      'unidecode/__init__.py': `import unicodedata

def unidecode(text):
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
`,
    },
  },
];

const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');

const tsconfig = {
  extends: join(root, 'tsconfig.json'),
  compilerOptions: {
    paths: {
      fidius: [join(root, 'src/index.ts')],
      'fidius/packaging': [join(root, 'src/packaging.ts')],
      'fidius/testing': [join(root, 'src/testing.ts')],
      'fidius/mcp': [join(root, 'src/mcp.ts')],
    },
  },
  include: ['**/*.ts'],
  exclude: ['node_modules'],
};

async function runFile(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  try {
    const { stdout, stderr } = await execute(command, args, { cwd, env: { ...process.env, ...env }, timeout: 60_000 });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout: string; stderr: string };
    return { exitCode: code ?? null, stdout, stderr };
  }
}
