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

  /** Runs tests on the code as it is; those that fail twice are left out, since no fault could be told from that. */
  async rehearse(tests: readonly string[]): Promise<void> {
    for (const specification of await this.#specificationsOf(tests)) {
      if (!(await this.#fails(specification)) || !(await this.#fails(specification))) continue;
      console.warn(`${this.#pathOf(specification)} fails without a fault and is left out`);
      this.#records.delete(this.#pathOf(specification));
    }
  }

  /** The test file that notices a fault; nothing when none does. */
  async findNoticing(mutant: Mutant, tests: readonly string[]): Promise<string | undefined> {
    const path = join(this.#folder, mutant.file);
    const original = readFileSync(path, 'utf8');
    const lines = original.split('\n');
    lines[mutant.line] = mutant.after;
    this.#write(path, lines.join('\n'));
    try {
      const users = this.#usersOf(path);
      const all = (await this.#specificationsOf(tests)).filter((specification) => {
        return users.has(specification.moduleId) && this.#records.has(this.#pathOf(specification));
      });
      for (const specification of this.#inOrder(all, mutant.file)) {
        if (!(await this.#fails(specification))) continue;
        const noticing = this.#pathOf(specification);
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
    return unhandledErrors.length > 0 || !testModules.every((module) => module.ok()) || testModules.length === 0;
  }

  /** Those first that noticed most for their time, above all in the same source file. */
  #inOrder(specifications: readonly TestSpecification[], file: string): readonly TestSpecification[] {
    const worthOf = (specification: TestSpecification) => {
      const { seconds = 1, noticed = new Map<string, number>() } = this.#records.get(this.#pathOf(specification)) ?? {};
      const anywhere = [...noticed.values()].reduce((sum, count) => sum + count, 0);
      return (1 + anywhere + 20 * (noticed.get(file) ?? 0)) / seconds;
    };
    return specifications.toSorted((a, b) => worthOf(b) - worthOf(a));
  }

  /** All files that import a source file, directly or not; known from the rehearsal. */
  #usersOf(path: string): ReadonlySet<string> {
    const users = new Set<string>();
    const { vite } = this.#vitest.getRootProject();
    for (const { moduleGraph } of Object.values(vite.environments)) {
      const left = [...(moduleGraph.getModulesByFile(path) ?? [])];
      for (let module = left.pop(); module !== undefined; module = left.pop()) {
        if (module.file === null || users.has(module.file)) continue;
        users.add(module.file);
        left.push(...module.importers);
      }
    }
    return users;
  }

  #pathOf(specification: TestSpecification): string {
    return relative(this.#folder, specification.moduleId);
  }
}
