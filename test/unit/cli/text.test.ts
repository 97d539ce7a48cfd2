import { describe, expect, it } from 'vitest';
import { formatSize } from '../../../src/cli/output/text.ts';

describe('a size', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KB'],
    [12_595, '12.3 KB'],
    [1024 ** 2 - 1, '1.0 MB'],
    [1.5 * 1024 ** 3, '1.5 GB'],
    [5000 * 1024 ** 3, '5000.0 GB'],
  ])('of %d bytes is %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});
