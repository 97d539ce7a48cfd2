import type { Reporter, TestModule } from 'vitest/node';

/**
 * Closes the run with one plain line, and names the files whose process died.
 *
 * Vitest says only that a worker exited when a test file crashes; with a C library in the process, which file it was is
 * the first thing one wants to know.
 */
export default class PlainSummary implements Reporter {
  readonly #unfinished = new Set<string>();

  onTestModuleQueued(module: TestModule): void {
    this.#unfinished.add(module.relativeModuleId);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#unfinished.delete(module.relativeModuleId);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (state: string) => states.filter((each) => each === state).length;

    for (const file of this.#unfinished) console.log(`process died: ${file}`);
    const broken = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length;
    const failed = states.length - count('passed') - count('skipped') + this.#unfinished.size + broken;
    console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`);
  }
}
