import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createVitest, type TestSpecification, type Vitest } from 'vitest/node';
import type { Mutant } from './find-mutants.ts';
import { importsOf } from './imports-of.ts';

/** Seconds after which a test file counts as hanging, which is a way to notice a fault. */
const hangSeconds = 60;
/** Not copied: large, unneeded, or of the copy itself. */
const omitted = ['.git', 'node_modules', 'bench', 'dist'];

interface TestRecord {
  readonly seconds: number;
  /** Faults that it noticed, by the source file that they were in. */
  readonly noticed: Map<string, number>;
}

/**
 * A copy of the work tree in which faults are tried, so that the work tree is never changed. One vitest serves all trials: it
 * starts once and reads a source file again only when that was changed.
 */
export class TrialCopy {
  readonly #folder: string;
  readonly #vitest: Vitest;
  readonly #records = new Map<string, TestRecord>();
  /** Test files that passed at least once, and those that fail without a fault. */
  readonly #passed = new Set<string>();
  readonly #useless = new Set<string>();

  private constructor(folder: string, vitest: Vitest) {
    this.#folder = folder;
    this.#vitest = vitest;
  }

  static async create(source: string): Promise<TrialCopy> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-mutants-')));
    for (const name of readdirSync(source)) {
      if (!omitted.includes(name)) cpSync(join(source, name), join(folder, name), { recursive: true });
    }
    for (const name of ['node_modules', 'dist']) symlinkSync(join(source, name), join(folder, name));
    process.chdir(folder);
    process.env['FIDIUS_TEST_BLOCKED_SECONDS'] = String(hangSeconds);
    const vitest = await createVitest('test', {
      root: folder,
      watch: false,
      bail: 1,
      maxWorkers: 1,
      testTimeout: hangSeconds * 1000,
      execArgv: ['--max-old-space-size=1024'],
      reporters: [{}],
      // Its processes print what a fault makes them print.
      onConsoleLog: () => false,
    });
    await vitest.standalone();
    return new TrialCopy(folder, vitest);
  }

  /** The test file that notices a fault; nothing when none does. */
  async findNoticing(mutant: Mutant, tests: readonly string[]): Promise<string | undefined> {
    const path = join(this.#folder, mutant.file);
    const original = readFileSync(path, 'utf8');
    const lines = original.split('\n');
    lines[mutant.line] = mutant.after;
    this.#write(path, lines.join('\n'));
    try {
      const all = (await this.#specificationsOf(tests)).filter(({ moduleId }) => importsOf(moduleId).has(path));
      for (const specification of this.#inOrder(all, mutant.file)) {
        const noticing = this.#pathOf(specification);
        if (this.#useless.has(noticing) || !(await this.#fails(specification))) continue;
        this.#write(path, original);
        if (!(await this.#isUseful(specification))) {
          this.#write(path, lines.join('\n'));
          continue;
        }
        const noticed = this.#records.get(noticing)?.noticed;
        noticed?.set(mutant.file, (noticed.get(mutant.file) ?? 0) + 1);
        return noticing;
      }
      return undefined;
    } finally {
      this.#write(path, original);
    }
  }

  async close(): Promise<void> {
    try {
      await this.#vitest.close();
    } finally {
      process.chdir(tmpdir());
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** Whether a test passes on the code as it is, at least at the second attempt; from others no fault can be told. */
  async #isUseful(specification: TestSpecification): Promise<boolean> {
    const path = this.#pathOf(specification);
    if (this.#passed.has(path) || !(await this.#fails(specification)) || !(await this.#fails(specification)))
      return true;
    console.warn(`${path} fails without a fault and is left out`);
    this.#useless.add(path);
    return false;
  }

  #write(path: string, text: string): void {
    writeFileSync(path, text);
    this.#vitest.invalidateFile(path);
  }

  async #specificationsOf(tests: readonly string[]): Promise<readonly TestSpecification[]> {
    return this.#vitest.globTestSpecifications([...tests]);
  }

  async #fails(specification: TestSpecification): Promise<boolean> {
    const start = performance.now();
    // The failures of earlier runs would count as failures of this one, which would then end at once.
    this.#vitest.state.filesMap.clear();
    this.#vitest.state.idMap.clear();
    this.#vitest.state.clearErrors();
    const { testModules, unhandledErrors } = await this.#vitest.runTestSpecifications([specification]);
    const path = this.#pathOf(specification);
    const seconds = (performance.now() - start) / 1000;
    if (!this.#records.has(path)) this.#records.set(path, { seconds, noticed: new Map() });
    const passes = unhandledErrors.length === 0 && testModules.length > 0 && testModules.every((module) => module.ok());
    if (passes) this.#passed.add(path);
    return !passes;
  }

  /** Those first that noticed most for their time, above all in the same source file. */
  #inOrder(specifications: readonly TestSpecification[], file: string): readonly TestSpecification[] {
    const worthOf = (specification: TestSpecification) => {
      const { seconds = 2, noticed = new Map<string, number>() } = this.#records.get(this.#pathOf(specification)) ?? {};
      const anywhere = [...noticed.values()].reduce((sum, count) => sum + count, 0);
      return (1 + anywhere + 20 * (noticed.get(file) ?? 0)) / seconds;
    };
    return specifications.toSorted((a, b) => worthOf(b) - worthOf(a));
  }

  #pathOf(specification: TestSpecification): string {
    return relative(this.#folder, specification.moduleId);
  }
}
