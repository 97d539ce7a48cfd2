import { type ValueErrorCode, ValueProblem } from './value-problem.ts';
import { pathTo } from './walk.ts';

/**
 * What JavaScript cannot hold of a value that is being read.
 *
 * A pickle says what a value is before it says where it belongs. So the reader goes on with a stand-in, and the place is
 * looked up when the whole is known.
 */
export class Defects {
  readonly #found: { target: object; problem: ValueProblem }[] = [];

  /** Notes what is wrong with `target`: a stand-in, or a container. */
  add(target: object, code: ValueErrorCode, problem: string, hint?: string): void {
    this.#found.push({ target, problem: new ValueProblem(code, problem, hint === undefined ? {} : { hint }) });
  }

  /** Notes a value that cannot be had, and returns a stand-in for it. */
  standIn(problem: string, hint?: string): object {
    const target = Object.create(null) as object;
    this.add(target, 'FIDIUS_VALUE_RESULT', problem, hint);
    return target;
  }

  /** The first of them, with its path below `root`. `resolve` tells what became of a container. */
  locate(root: unknown, resolve: (target: object) => object): ValueProblem | undefined {
    const [first] = this.#found;
    if (first === undefined) return undefined;
    first.problem.path = pathTo(root, resolve(first.target)) ?? '';
    return first.problem;
  }
}
