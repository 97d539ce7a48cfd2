/**
 * Writes `api/*.api.md`, the exports of each entry of the package, and docs/reference/api.md, or compares them with the committed
 * files.
 * Fails when an entry names a type that it does not export, or when documentation is missing.
 *
 * Usage: tsx scripts/api-report.ts [--check]
 *
 * A difference is a change of the public API. Review it in the report, and commit the report with the code.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { findForgottenExports, findMissingDefaults, findUndocumented } from './api-docs.ts';
import { type ApiEntry, type ApiItem, apiPage, exportedNames } from './api-page.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { import: { types: string } }>;
};
const entries = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [entry.import.types]));
const check = process.argv.includes('--check');
const work = realpathSync(mkdtempSync(join(tmpdir(), 'fidius-api-')));

const reports = join(work, 'api');
const described: ApiEntry[] = [];

const compilerOptions = {
  target: 'es2023',
  // With `dom`, whose `AbortSignal` is an interface: the one of @types/node is declared in a way the tool cannot follow.
  lib: ['es2023', 'es2024.string', 'esnext.disposable', 'dom'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  strict: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

try {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const declarations = join(work, 'dist');
  const options = ['-p', 'tsconfig.build.json'];
  execFileSync(process.execPath, [tsc, ...options, '--outDir', declarations], { cwd: root, stdio: 'inherit' });
  for (const folder of [reports, join(root, 'api')]) mkdirSync(folder, { recursive: true });
  const changed = entries.filter(
    (types) => !report(join(declarations, types.replace('./dist/', '').replace('.mts', '.ts'))),
  );
  const isPageSame = update('docs/reference/api.md', apiPage(described));
  if (changed.length > 0 || !isPageSame) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Reports one entry. @returns whether it is as it should be. */
function report(declarations: string): boolean {
  const entry = declarations.replace(/^.*\/(.*)\.d\.ts$/, '$1');
  const name = entry === 'index' ? 'fidius' : `fidius-${entry}`;
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: work,
      newlineKind: 'lf',
      mainEntryPointFilePath: declarations,
      compiler: { overrideTsconfig: { compilerOptions, include: ['dist'] }, skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: reports,
        reportTempFolder: join(work, 'temp'),
      },
      docModel: { enabled: true, apiJsonFilePath: join(work, `${name}.api.json`) },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        // Notes on single exports, such as a missing description, stand in the report.
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
          // Every export is public; `@internal` members are not in the declarations.
          'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
          // The other entries name types that `fidius` exports.
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.None, addToApiReportFile: entry === 'index' },
          // Marked in the report itself.
          'ae-undocumented': { logLevel: ExtractorLogLevel.None },
          'ae-unresolved-link': { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  });
  const notes: string[] = [];
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      notes.push(`(${message.messageId}) ${message.text}`);
      // Its notes name files of a temporary folder, or stand in the report.
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (!succeeded) return false;
  // Its notes on single lines have the path of a temporary folder and a position, which changes with every line above.
  const text = readFileSync(config.reportFilePath, 'utf8').replaceAll(
    /^\/\/ \S+\/dist\/(\S+\.d\.ts):\d+:\d+ - /gm,
    '// $1: ',
  );
  const model = JSON.parse(readFileSync(config.apiJsonFilePath, 'utf8')) as ApiItem;
  const problems = [
    ...findForgottenExports(
      `${notes.join('\n')}\n${text}`,
      described.flatMap((each) => exportedNames(each.model)),
    ),
    ...findUndocumented(text),
    ...findMissingDefaults(model),
  ];
  for (const problem of problems) console.error(`${name}: ${problem}`);
  described.push({ name: name.replace('-', '/'), model });
  return update(`api/${name}.api.md`, text) && problems.length === 0;
}

/** Writes a file, or compares it with the committed one. @returns whether the committed one is as it should be now. */
function update(path: string, text: string): boolean {
  const committed = join(root, path);
  if (existsSync(committed) && readFileSync(committed, 'utf8') === text) return true;
  if (!check) {
    writeFileSync(committed, text);
    console.log(`${path} was written`);
    return true;
  }
  console.error(`The public API differs from ${path}. Run \`npm run api\`, and review the difference.`);
  return false;
}
