import { describe, expect, it } from 'vitest';
import { markdownProse } from '../scripts/prose/markdown.ts';
import { countWords, findMarkers } from '../scripts/prose/markers.ts';
import { pythonComments } from '../scripts/prose/python.ts';
import { testTitles, typescriptComments, typescriptStrings } from '../scripts/prose/typescript.ts';

describe('the search for markers', () => {
  it('reports line and phrase, also of one that is broken at the end of a line', () => {
    const found = findMarkers('page.md', 'One line.\nIt waits for\n  ever, and nobody notices.\n');

    expect(found).toEqual([
      { path: 'page.md', line: 2, phrase: 'for ever' },
      { path: 'page.md', line: 3, phrase: 'nobody' },
    ]);
  });

  it.each([
    ['a key that is no Ed25519 key', 'is no Ed25519'],
    ['Ask Somebody', 'Somebody'],
    ['calls that were given up', 'given up'],
    ['a folder of its own', 'of its own'],
  ])('finds a marker in "%s"', (text, phrase) => {
    expect(findMarkers('', text).map((marker) => marker.phrase)).toEqual([phrase]);
  });

  it.each(['There is no such file.', 'It is no longer used.', 'a recommended setting', 'for\n\never'])(
    'finds none in "%s"',
    (text) => {
      expect(findMarkers('', text)).toEqual([]);
    },
  );
});

describe('the prose of a Markdown page', () => {
  it('has neither code nor targets of links', () => {
    const page = ['See [this page](nobody.md), `nobody`.', '', '```text', 'nobody', '```', '<!-- nobody -->', ''].join(
      '\n',
    );

    const prose = markdownProse(page);

    expect(prose.split(/\s+/).filter((word) => word !== '')).toEqual(['See', '[this', 'page]', ',', '.']);
    expect(prose.split('\n')).toHaveLength(page.split('\n').length);
    expect(countWords(prose)).toBe(3);
  });
});

describe('the comments of a TypeScript file', () => {
  it('are told from strings, templates and regular expressions', () => {
    const source = [
      '/** First. */',
      "const a = '// string'; // second",
      'const b = `// template ${a /* third */} // still`;',
      'const c = /[/]/* 2;',
      'const d = (a) / 2; // fourth',
      '/* fifth',
      ' * sixth `code` */',
    ].join('\n');

    expect(wordsOf(typescriptComments(source))).toEqual(['First.', 'second', 'third', 'fourth', 'fifth', 'sixth']);
  });
});

describe('the strings of a TypeScript file', () => {
  it('are its literals alone', () => {
    expect(wordsOf(typescriptStrings("const a = 'one'; // two\nconst b = { three: `four` };"))).toEqual([
      'one',
      'four',
    ]);
  });
});

describe('the titles of a test file', () => {
  it('are the first strings that are passed to it, test and describe', () => {
    const source = [
      "describe('first', () => {",
      "  it.each(['other', pair('other')])('second %s', () => { call('other'); });",
      "  it.skipIf(on('other'))(`third`, () => {});",
      "  object.it('other');",
      '});',
    ].join('\n');

    expect(wordsOf(testTitles(source))).toEqual(['first', 'second', '%s', 'third']);
  });
});

describe('the comments of a Python file', () => {
  it('include docstrings, and no other strings', () => {
    const source = [
      '"""First',
      'second."""',
      'x = "# string"  # third',
      'y = ("a",',
      '     "b")',
      'def f():',
      "    r'''fourth'''",
      '    return """other"""',
      '# fifth ``code`` sixth',
    ].join('\n');

    const words = ['First', 'second.', 'third', 'fourth', 'fifth', 'sixth'];
    expect(wordsOf(pythonComments(source))).toEqual(words);
  });
});

function wordsOf(prose: string): string[] {
  return prose.split(/\s+/).filter((word) => word !== '');
}
