import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fidiusVersion } from '../version.ts';
import type { ProjectFiles } from './new-project.ts';

/** What makes a folder of TypeScript a package for npm, Node.js and editors. */
export function npmFiles(name: string, more: { readonly [field: string]: unknown }): ProjectFiles {
  const manifest = {
    name: name.toLowerCase(),
    version: '0.1.0',
    private: true,
    type: 'module',
    ...more,
    dependencies: { fidius: `^${fidiusVersion()}` },
    devDependencies: { '@types/node': '>=20', tsx: '^4.20.0', typescript: '>=5.8' },
  };
  return {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'tsconfig.json': `${JSON.stringify({ compilerOptions, include: ['*.ts'] }, null, 2)}\n`,
  };
}

/**
 * What remains to be installed before code in a folder runs, as steps for the reader; nothing where it is there already.
 *
 * Interface and host are to find one and the same copy, or the types of the one would mean nothing to the other: hence an
 * installation in the folder around both.
 */
export function installSteps(folder: string): readonly string[] {
  try {
    createRequire(join(folder, 'package.json')).resolve('fidius/package.json');
    return [];
  } catch {
    return ['npm install fidius tsx'];
  }
}

/** Steps below each other, with numbers where there are several. */
export function stepsText(steps: readonly string[]): string {
  const [only, another] = steps;
  if (another === undefined) return `Next: ${only}\n`;
  return `Next:\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join('')}`;
}

const compilerOptions = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};
