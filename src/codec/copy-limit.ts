import { openContainer } from './container.ts';
import { ValueProblem } from './value-problem.ts';
import { walkValue } from './walk-value.ts';

/** Containers that may be written before the number of distinct ones is determined. */
export const UNCHECKED_CONTAINERS = 2_000_000;
/** How many times, on average, each container of a larger value may be written. */
const COPIES = 100;

/**
 * The total number of containers that may be written for `root`.
 *
 * A container that several paths lead to is written once per path: arguments are values, and Python receives equal
 * copies. Forty arrays that each contain the next one twice would become 2^40 lists. A value with more than
 * {@link UNCHECKED_CONTAINERS} containers is therefore written as at most a hundred copies of itself.
 */
export function containerLimit(root: unknown): number {
  let distinct = 0;
  walkValue(root, (value) => {
    if (openContainer(value) !== undefined) distinct += 1;
    return false;
  });
  return Math.max(UNCHECKED_CONTAINERS, distinct * COPIES);
}

export function tooManyCopies(): ValueProblem {
  return new ValueProblem(
    'FIDIUS_VALUE_ARGUMENT',
    'its parts refer to the same objects so often that writing the copies would not end',
    { hint: 'Pass the shared objects once, and refer to them by a key or an index.' },
  );
}
