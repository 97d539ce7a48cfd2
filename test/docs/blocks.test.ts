import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { afterAll, describe, expect, it } from 'vitest';
import { DocWorkspace, isProjectFile } from '../support/doc-workspace.ts';
import { type Block, readBlocks, root } from '../support/markdown.ts';
import { findPythons } from '../support/pythons.ts';
import { shellProblems } from '../support/shell-block.ts';

/** Languages that are checked; and those that are there to be read only. */
const checked = ['ts', 'py', 'json', 'toml', 'sh'];
const readOnly = ['text', 'mermaid'];

const blocks = readBlocks();
const own = blocks.filter((block) => checked.includes(block.language) && !isProjectFile(block));
const toCheck = own.filter(({ noRun }) => noRun === undefined);
const workspace = new DocWorkspace(toCheck);
afterAll(() => workspace[Symbol.dispose]());

const python = findPythons().at(-1)?.executable ?? 'python3';
const pythonPath = { PYTHONPATH: workspace.pythonPath, PYTHONDONTWRITEBYTECODE: '1' };

describe('code blocks', () => {
  it('say their language', () => {
    const strange = blocks.filter(({ language }) => ![...checked, ...readOnly].includes(language)).map(where);

    expect(strange).toEqual([]);
  });

  it('give a reason where they are not to be checked', () => {
    expect(own.filter(({ noRun }) => noRun !== undefined && noRun.length < 10).map(where)).toEqual([]);
  });

  it('of TypeScript compile', async () => {
    expect(await workspace.typeErrors()).toBe('');
  });
});

describe.each(blocks.filter(isProjectFile).map((block) => [where(block), block] as const))('%s', (_where, block) => {
  it(`shows ${block.file} as it is`, () => {
    expect(block.code).toBe(readFileSync(join(root, block.file), 'utf8'));
  });
});

describe.each(of('json'))('%s', (_where, block) => {
  it('is JSON', () => {
    expect(() => JSON.parse(block.code) as unknown).not.toThrow();
  });
});

describe.each(of('toml'))('%s', (_where, block) => {
  it('is TOML', () => {
    expect(() => parseToml(block.code)).not.toThrow();
  });
});

describe.each(of('sh'))('%s', (_where, block) => {
  it('names commands that exist', () => {
    const written = toCheck.filter(({ page }) => page === block.page).map(({ file }) => file);

    expect(shellProblems(block.code, written)).toEqual([]);
  });
});

describe.each(of('py'))('%s', (_where, block) => {
  it('is Python that runs', async () => {
    const outcome = await workspace.run(block, python, [workspace.fileOf(block)], pythonPath);

    expect(outcome).toEqual({ exitCode: 0, stdout: block.run ? outputOf(block) : '', stderr: '' });
  });
});

// In the order of the page: what one makes, the next one needs.
describe.each(of('ts', 'sh').filter(([, block]) => block.run))('%s', (_where, block) => {
  it('prints what the page says', async () => {
    const outcome = await (block.language === 'sh' ? workspace.runShell(block) : workspace.runProgram(block));

    expect(outcome).toEqual({ exitCode: 0, stdout: expect.stringMatching(patternOf(outputOf(block))), stderr: '' });
  });
});

describe('every program of a page', () => {
  it('has its output shown', () => {
    const silent = blocks.filter((block) => block.run && !isProjectFile(block) && outputOf(block) === '').map(where);

    expect(silent).toEqual([]);
  });
});

function of(...languages: readonly string[]): [string, Block][] {
  return toCheck.filter((block) => languages.includes(block.language)).map((block) => [where(block), block]);
}

function where({ page, line, language }: Block): string {
  return `${page}:${line} (${language})`;
}

/** What fits an output block, in which `…` stands for any text of a line. */
function patternOf(output: string): RegExp {
  const parts = output.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** The output block that follows a program on its page. */
function outputOf(program: Block): string {
  const later = blocks.filter(({ page, line }) => page === program.page && line > program.line);
  const next = later.findIndex(({ run }) => run);
  return later.slice(0, next === -1 ? undefined : next).find(({ isOutput }) => isOutput)?.code ?? '';
}
