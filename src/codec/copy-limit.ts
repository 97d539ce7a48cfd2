import { openContainer } from './container.ts';
import { ValueProblem } from './value-problem.ts';
import { walkValue } from './walk-value.ts';

/** How many containers are written before anyone asks how many there are. */
export const UNCHECKED_CONTAINERS = 2_000_000;
/** How many times over, on average, the containers of a larger value may be written. */
const COPIES = 100;

/**
 * How many containers may be written for `root` in all.
 *
 * A container that is reached by several paths is written once for each: arguments are values, and Python gets equal
 * copies. Forty arrays that each hold the next one twice would so become 2^40 lists. No value that is larger than
 * {@link UNCHECKED_CONTAINERS} may therefore be written as more than a hundred copies of itself.
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
    'its parts refer to the same objects so often that copies of them would never end',
    { hint: 'Pass the shared objects once, and refer to them by a key or an index.' },
  );
}
