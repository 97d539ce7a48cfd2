import { type Container, openContainer } from './container.ts';
import { ValueProblem } from './value-problem.ts';

/** How many containers are written before anyone asks how many there are. */
export const UNQUESTIONED = 2_000_000;
/** How many times over, on average, the containers of a larger value may be written. */
const COPIES = 100;

/**
 * How many containers may be written for `root` in all.
 *
 * A container that is reached by several paths is written once for each: arguments are values, and Python gets equal
 * copies. Forty arrays that each hold the next one twice would so become 2^40 lists. No value that is larger than
 * {@link UNQUESTIONED} may therefore be written as more than a hundred copies of itself.
 */
export function containerLimit(root: object): number {
  const seen = new Set<object>([root]);
  const open: Container[] = [];
  enter(root, open);
  for (let container = open.at(-1); container !== undefined; container = open.at(-1)) {
    if (container.next >= container.items.length) {
      open.pop();
      continue;
    }
    const item = container.items[container.next++];
    const value = container.kind === 'dict' ? (container.source as Record<string, unknown>)[item as string] : item;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    if (enter(value, open)) seen.add(value);
  }
  return Math.max(UNQUESTIONED, seen.size * COPIES);
}

export function tooManyCopies(): ValueProblem {
  return new ValueProblem(
    'FIDIUS_VALUE_ARGUMENT',
    'its parts refer to the same objects so often that copies of them would never end',
    { hint: 'Pass the shared objects once, and refer to them by a key or an index.' },
  );
}

function enter(value: object, open: Container[]): boolean {
  const container = openContainer(value);
  if (container !== undefined) open.push(container);
  return container !== undefined;
}
