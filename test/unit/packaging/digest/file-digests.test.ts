import { describe, expect, it } from 'vitest';
import { compareFiles } from '../../../../src/packaging/digest/package-digest.ts';

const file = (path: string, content: string) => ({ path, bytes: 1, sha256: content.repeat(64) });

describe('compareFiles', () => {
  it('reports one rename where a file was removed and two copies of it were added', () => {
    expect(compareFiles([file('a', '1')], [file('b', '1'), file('c', '1')])).toEqual([
      { path: 'b', kind: 'renamed', from: 'a' },
      { path: 'c', kind: 'added' },
    ]);
  });

  it('reports a rename also when a file of the same content is unchanged', () => {
    expect(compareFiles([file('a', '1'), file('b', '1')], [file('a', '1'), file('c', '1')])).toEqual([
      { path: 'c', kind: 'renamed', from: 'b' },
    ]);
  });

  it('reports nothing about files that are the same, and sorts by the bytes of the paths', () => {
    const [before, after] = [[file('same', '0')], [file('\u{1f600}', '1'), file('same', '0'), file('\uff00', '2')]];

    expect(compareFiles(before, before)).toEqual([]);
    expect(compareFiles(before, after).map(({ path }) => path)).toEqual(['\uff00', '\u{1f600}']);
  });
});
