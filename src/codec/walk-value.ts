import { type Container, openContainer, stepOf } from './container.ts';

/**
 * Calls `visit` once for each object that containers connect to `root`, depth first, until it returns `true`. `open`
 * are the containers around the object, outermost first.
 */
export function walkValue(root: unknown, visit: (value: object, open: readonly Container[]) => boolean): void {
  const seen = new Set<object>();
  const open: Container[] = [];
  let item = root;
  for (;;) {
    if (typeof item === 'object' && item !== null && !seen.has(item)) {
      if (visit(item, open)) return;
      seen.add(item);
      const container = openContainer(item);
      if (container !== undefined) open.push(container);
    }
    let container = open[open.length - 1];
    while (container !== undefined && container.next >= container.items.length) {
      open.pop();
      container = open[open.length - 1];
    }
    if (container === undefined) return;
    item = container.items[container.next++];
    if (container.kind === 'dict') item = (container.source as Record<string, unknown>)[item as string];
  }
}

/** The path from `root` to `target` (`''` for the root itself), or `undefined` when `target` is not part of `root`. */
export function pathTo(root: unknown, target: object): string | undefined {
  let path: string | undefined;
  walkValue(root, (value, open) => {
    if (value !== target) return false;
    path = open.map(stepOf).join('');
    return true;
  });
  return path;
}
