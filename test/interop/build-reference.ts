import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { type EmbeddablePython, embeddablePythons } from '../support/pythons.ts';
import type { Reference, RustHost, Workspace } from './reference.ts';
import { writeIfChanged } from './write-if-changed.ts';

/**
 * Builds the published Rust tool, and two programs around its crates, into a cache folder: minutes the first time, a
 * moment after that.
 *
 *     FIDIUS_INTEROP_DIR        the cache folder, otherwise fidius-interop in the user's cache folder
 *     FIDIUS_INTEROP_VERSION    the version of the crates
 *     FIDIUS_INTEROP_MINUTES    how long building may take, all in all
 *     FIDIUS_REQUIRE=1          what cannot be built is a failure
 *
 * Without FIDIUS_REQUIRE the tests of what cannot be built are skipped, and the reason is printed.
 */
export default function setup(project: TestProject): void {
  const version = setting('FIDIUS_INTEROP_VERSION') ?? '0.5.7';
  const folder = join(setting('FIDIUS_INTEROP_DIR') ?? defaultFolder(), version);
  const build = new ReferenceBuild(version, folder);
  project.provide('reference', build.run());
  if (build.missing.length > 0 && process.env['FIDIUS_REQUIRE'] === '1') throw new Error(build.missing.join('\n'));
}

// The last one that PyO3 0.25 builds for, which fidius-python 0.5 is made with.
const newestMinor = 13;

class ReferenceBuild {
  readonly missing: string[] = [];
  readonly #version: string;
  readonly #folder: string;
  readonly #deadline = Date.now() + Number(setting('FIDIUS_INTEROP_MINUTES') ?? 20) * 60_000;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(version: string, folder: string) {
    this.#version = version;
    this.#folder = folder;
    // One target folder and one profile, so that no crate is compiled twice; nobody debugs the result.
    this.#environment = {
      CARGO_TARGET_DIR: join(folder, 'target'),
      CARGO_PROFILE_DEV_DEBUG: '0',
      CARGO_INCREMENTAL: '0',
    };
  }

  run(): Reference {
    const workspace: Workspace = { folder: join(this.#folder, 'workspace'), environment: this.#environment };
    const nothing = { version: this.#version, cli: undefined, digest: undefined, workspace, host: undefined };
    const cargo = spawnSync('cargo', ['--version'], { encoding: 'utf8' });
    if (cargo.status !== 0) {
      this.#skip('Nothing', cargo.error?.message.includes('ENOENT') === true ? 'there is no cargo' : cargo.stderr);
      return nothing;
    }
    mkdirSync(this.#folder, { recursive: true });
    console.log(`Comparing with fidius ${this.#version}, built by ${cargo.stdout.trim()} in ${this.#folder}`);

    const cli = this.#buildCli();
    if (cli === undefined) return nothing;
    this.#writeWorkspace(workspace.folder);
    const digest = this.#buildMember('digest', 'No digest and no hash');
    return { ...nothing, cli, digest, host: digest === undefined ? undefined : this.#buildHost() };
  }

  #buildCli(): string | undefined {
    const cli = join(this.#folder, 'bin', 'fidius');
    const installed = spawnSync(cli, ['--version'], { encoding: 'utf8' });
    if (installed.status === 0 && installed.stdout.trim() === `fidius ${this.#version}`) return cli;
    // With the lock file that it was published with: all of it as old as it says.
    const install = ['install', 'fidius-cli', '--version', `=${this.#version}`, '--locked', '--debug', '--force'];
    return this.#cargo('Nothing', [...install, '--root', this.#folder], this.#folder) ? cli : undefined;
  }

  #writeWorkspace(folder: string): void {
    // With their times, by which cargo tells what changed.
    cpSync(fileURLToPath(new URL('reference', import.meta.url)), folder, { recursive: true, preserveTimestamps: true });
    const crates = [
      'fidius',
      'fidius-core',
      'fidius-guest',
      'fidius-host',
      'fidius-macro',
      'fidius-python',
      'fidius-wit',
    ];
    const dependencies = [...crates.map((crate) => `${crate} = "=${this.#version}"`), 'serde_json = "1"'];
    const members = '[workspace]\nresolver = "2"\nmembers = ["digest", "hashes", "host"]';
    writeIfChanged(join(folder, 'Cargo.toml'), `${members}\n\n[workspace.dependencies]\n${dependencies.join('\n')}\n`);
    const interfaces = join(folder, 'hashes/src/interfaces.rs');
    if (!existsSync(interfaces)) writeFileSync(interfaces, noInterfaces);
    // The versions that the tool itself was built with, so that those crates are not compiled again.
    const lock = lockFileOf(`fidius-cli-${this.#version}`);
    if (lock !== undefined && !existsSync(join(folder, 'Cargo.lock'))) copyFileSync(lock, join(folder, 'Cargo.lock'));
  }

  #buildMember(name: string, what: string, environment: Readonly<Record<string, string>> = {}): string | undefined {
    const built = this.#cargo(
      what,
      ['build', '--package', `interop-${name}`],
      join(this.#folder, 'workspace'),
      environment,
    );
    return built ? join(this.#folder, 'target', 'debug', `interop-${name}`) : undefined;
  }

  #buildHost(): RustHost | undefined {
    const what = 'No host in Rust';
    const python = embeddablePythons().findLast(({ version }) => Number(version.split('.')[1]) <= newestMinor);
    if (python === undefined) {
      this.#skip(what, `there is no shared libpython up to 3.${newestMinor}`);
      return undefined;
    }
    const environment = {
      PYO3_PYTHON: python.executable,
      LIBRARY_PATH: this.#linkLibrary(python),
      LD_LIBRARY_PATH: dirname(python.libpython),
    };
    const program = this.#buildMember('host', what, environment);
    return program === undefined ? undefined : { program, python: python.version, environment };
  }

  /** A folder with the name that a linker looks for, `libpython3.11.so`, which many systems have in a package of its own. */
  #linkLibrary({ libpython, version }: EmbeddablePython): string {
    const folder = join(this.#folder, 'python', version);
    const link = join(folder, basename(libpython).replace(/\.so.*$/, '.so'));
    mkdirSync(folder, { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(libpython, link);
    return folder;
  }

  #cargo(
    what: string,
    argv: readonly string[],
    cwd: string,
    environment: Readonly<Record<string, string>> = {},
  ): boolean {
    const log = join(this.#folder, `${argv[0]}-${argv[0] === 'build' ? argv.at(-1) : argv[1]}.log`);
    console.log(`  cargo ${argv.join(' ')}`);
    const output = openSync(log, 'w');
    const env = { ...process.env, ...this.#environment, ...environment };
    const timeout = Math.max(1, this.#deadline - Date.now());
    const outcome = spawnSync('cargo', argv, { cwd, env, timeout, stdio: ['ignore', output, output] });
    closeSync(output);
    if (outcome.status === 0) return true;
    this.#skip(what, reasonOf(outcome, log));
    return false;
  }

  #skip(what: string, reason: string): void {
    const message = `${what} is compared with the Rust tool: ${reason.trim()}`;
    this.missing.push(message);
    console.log(message);
  }
}

const noInterfaces = "pub fn hashes() -> Vec<(&'static str, u64)> {\n    Vec::new()\n}\n";

function reasonOf(outcome: SpawnSyncReturns<unknown>, log: string): string {
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const first = lines.findIndex((line) => line.startsWith('error'));
  const said = first === -1 ? lines.slice(-5) : lines.slice(first, first + 20);
  const late = outcome.signal !== null || outcome.error !== undefined;
  return `${late ? 'building took too long' : 'cargo failed'}, see ${log}\n${said.join('\n')}`;
}

/** The lock file inside a published crate, wherever cargo keeps what it downloaded. */
function lockFileOf(crate: string): string | undefined {
  const sources = join(setting('CARGO_HOME') ?? join(homedir(), '.cargo'), 'registry', 'src');
  const registries = existsSync(sources) ? readdirSync(sources) : [];
  return registries.map((registry) => join(sources, registry, crate, 'Cargo.lock')).find((file) => existsSync(file));
}

function defaultFolder(): string {
  return join(setting('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'fidius-interop');
}

function setting(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
