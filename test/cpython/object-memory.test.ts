import { afterAll, expect, it } from 'vitest';
import { observe } from '../support/observer.ts';

const count = 3_400_000;

afterAll(async () => {
  await observe('execute', 'import builtins; del builtins.spread_out');
});

it('reads numbers wherever they lie, also when they fill more memory than is kept in view', async () => {
  // 24 bytes each, and as many for the list: far beyond the 64 MiB that are kept in view.
  await observe('execute', `import builtins; builtins.spread_out = [index + 0.5 for index in range(${count})]`);

  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < count; index += 9973) {
      expect(await observe('evaluate', `__import__("builtins").spread_out[${index}]`)).toBe(index + 0.5);
    }
  }
});
