import { type ValueErrorCode, ValueProblem } from '../value-problem.ts';
import { pathTo } from '../walk-value.ts';

/**
 * What JavaScript cannot hold of a value that is being read: the first such thing, as one is enough to refuse the whole.
 *
 * A pickle says what a value is before it says where it belongs. So the reader goes on with a stand-in, and the place is
 * looked up when the whole is known.
 */
export class DecodeProblems {
  #target: object | undefined;
  #problem: ValueProblem | undefined;

  /** Notes what is wrong with `target`: a stand-in, or a container. */
  add(target: object, code: ValueErrorCode, problem: string, hint: string): void {
    if (this.#problem !== undefined) return;
    this.#target = target;
    this.#problem = new ValueProblem(code, problem, { hint });
  }

  /** Notes a value that cannot be had, and returns a stand-in for it. */
  placeholder(problem: string, hint: string): object {
    const target = Object.create(null) as object;
    this.add(target, 'FIDIUS_VALUE_RESULT', problem, hint);
    return target;
  }

  /** What was noted, with its path below `root`. `resolve` tells what became of a container. */
  locate(root: unknown, resolve: (target: object) => object): ValueProblem | undefined {
    if (this.#problem !== undefined && this.#target !== undefined) {
      this.#problem.path = pathTo(root, resolve(this.#target)) ?? '';
    }
    return this.#problem;
  }
}
