import { pathTo } from '../container.ts';
import { type ValueErrorCode, ValueProblem } from '../value-problem.ts';

/**
 * The first part of a value from Python that JavaScript cannot represent. One is enough to reject the value.
 *
 * A pickle contains an item before the container that it belongs to. The reader therefore continues with a placeholder,
 * and its path is determined when the value is complete.
 */
export class DecodeProblems {
  #target: object | undefined;
  #problem: ValueProblem | undefined;

  /** Records a problem of `target`: a placeholder, or a container. */
  add(target: object, code: ValueErrorCode, problem: string, hint: string): void {
    if (this.#problem !== undefined) return;
    this.#target = target;
    this.#problem = new ValueProblem(code, problem, { hint });
  }

  /** Records a value that cannot be represented, and returns a placeholder for it. */
  placeholder(problem: string, hint: string): object {
    const target = Object.create(null) as object;
    this.add(target, 'FIDIUS_VALUE_RESULT', problem, hint);
    return target;
  }

  /** The recorded problem, with its path below `root`. `resolve` returns the replacement of a container. */
  locate(root: unknown, resolve: (target: object) => object): ValueProblem | undefined {
    if (this.#problem !== undefined && this.#target !== undefined) {
      this.#problem.path = pathTo(root, resolve(this.#target)) ?? '';
    }
    return this.#problem;
  }
}
