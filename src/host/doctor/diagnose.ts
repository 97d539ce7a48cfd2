import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locatePython } from '../../cpython/locate/locate-python.ts';
import type { LocatedPython, LocateOptions } from '../../cpython/locate/locator.ts';
import { runtimeFolder } from '../../cpython/runtime-folders.ts';
import { isFidiusError } from '../../errors/fidius-error.ts';
import { isError } from '../../errors/is-error.ts';
import { type Attempt, PythonNotFoundError } from '../../errors/python-not-found-error.ts';
import { type ExecutorsReport, reportExecutors } from './executors-report.ts';
import type { EmbeddedReport, InterpreterReport } from './interpreter-report.ts';
import { findProblems, type Problem, type PythonFacts } from './problems.ts';

/** The facts that determine whether Python works in this process. A plain record that can be printed and sent. */
export interface DoctorReport extends PythonFacts {
  readonly node: NodeFacts;
  readonly executors: ExecutorsReport;
  /** Every place that was tried. */
  readonly attempts: readonly Attempt[];
  readonly problems: readonly Problem[];
  /** Whether plugins can run: no problem is an error. */
  readonly usable: boolean;
}

export interface NodeFacts {
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
  /** Version of glibc; `undefined` elsewhere and on musl. */
  readonly glibc: string | undefined;
  readonly openssl: string | undefined;
  readonly zlib: string | undefined;
}

/** The result of starting Python inside a Node.js process. */
export type EmbeddedOutcome = { readonly report: EmbeddedReport } | { readonly failure: Problem };

/**
 * Collects the report.
 *
 * @param embed starts that Python inside another process, which may crash, and returns its report; it must not reject.
 */
export async function diagnose(
  options: LocateOptions,
  embed: (python: LocatedPython) => Promise<EmbeddedOutcome>,
): Promise<DoctorReport> {
  const { python, attempts, failure } = locate(options);
  const [standalone, outcome] =
    python === undefined ? [] : await Promise.all([reportStandalone(python.executable), embed(python)]);
  const embedded = outcome !== undefined && 'report' in outcome ? outcome.report : undefined;
  const env = options.env ?? process.env;
  const facts = {
    node: nodeFacts(),
    python,
    attempts,
    standalone,
    embedded,
    ignoredVariables: ['PYTHONHOME', 'PYTHONPATH'].filter((name) => env[name]),
  };
  const startFailure = failure ?? (outcome !== undefined && 'failure' in outcome ? outcome.failure : undefined);
  const executors = await reportExecutors(
    options,
    { python, failure: startFailure, platform: process.platform },
    (executable) => (executable === python?.executable ? Promise.resolve(standalone) : reportStandalone(executable)),
  );
  const problems = [...toProblems(startFailure, executors), ...findProblems(facts)];
  return { ...facts, executors, problems, usable: problems.every(({ severity }) => severity !== 'error') };
}

/** Not an error where plugins run in child processes. */
function toProblems(failure: Problem | undefined, { auto }: ExecutorsReport): Problem[] {
  if (failure === undefined) return [];
  return [auto.chosen === 'process' ? { ...failure, severity: 'warning' } : failure];
}

function locate(options: LocateOptions): {
  python: LocatedPython | undefined;
  attempts: readonly Attempt[];
  failure?: Problem;
} {
  try {
    return locatePython(options);
  } catch (error) {
    if (!(error instanceof PythonNotFoundError)) throw error;
    return { python: undefined, attempts: error.attempts, failure: toProblem(error) };
  }
}

/** Converts an error to an entry of the report. */
export function toProblem(error: unknown): Problem {
  if (!isError(error)) return { severity: 'error', message: String(error) };
  const [message = ''] = error.message.split('\n', 1);
  if (!isFidiusError(error)) return { severity: 'error', message };
  return { severity: 'error', code: error.code, message, hint: error.hint };
}

const execute = promisify(execFile);

/** `undefined` without an interpreter, or if the report fails. The embedded report then shows the problem. */
async function reportStandalone(executable: string | undefined): Promise<InterpreterReport | undefined> {
  if (executable === undefined) return undefined;
  const script = join(runtimeFolder, 'fidius_host', 'doctor.py');
  try {
    const { stdout } = await execute(executable, ['-I', '-S', script], { timeout: 30_000 });
    return JSON.parse(stdout) as InterpreterReport;
  } catch {
    return undefined;
  }
}

function nodeFacts(): NodeFacts {
  const { openssl, zlib } = process.versions;
  return {
    version: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    glibc: glibc(),
    openssl,
    zlib,
  };
}

function glibc(): string | undefined {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}
