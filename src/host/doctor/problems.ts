import type { LocatedPython } from '../../cpython/locate/locator.ts';
import { isNewerThanTested } from '../../cpython/locate/supported.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { EmbeddedReport, InterpreterReport, LibraryVersions } from './interpreter-report.ts';

/** Something that prevents plugins from running, or that may have unexpected effects. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint?: string | undefined;
  readonly code?: ErrorCode | undefined;
}

/** Observed facts about one Python. */
export interface PythonFacts {
  /** The Python that was found, if any. */
  readonly python: LocatedPython | undefined;
  /** The report of the interpreter in its own process. */
  readonly standalone: InterpreterReport | undefined;
  /** The report of the same Python inside a Node.js process. */
  readonly embedded: EmbeddedReport | undefined;
  /** Variables of Python that are set and have no effect here; never their values. */
  readonly ignoredVariables: readonly string[];
}

/** Finds the problems of a Python from its reports. */
export function findProblems(facts: PythonFacts): Problem[] {
  return [
    ...checkVersion(facts),
    ...checkEnvironment(facts),
    ...checkLibrary('OpenSSL', 'error', facts.standalone?.openssl, facts.embedded?.openssl),
    ...checkLibrary('zlib', 'warning', facts.standalone?.zlib, facts.embedded?.zlib),
    ...checkModules(facts),
    ...checkVariables(facts),
  ];
}

function checkVersion({ python, embedded }: PythonFacts): Problem[] {
  if (python === undefined) return [];
  const problems: Problem[] = [];
  if (isNewerThanTested(python.version)) {
    problems.push(
      warning(`Python ${python.version} is newer than the versions that this version of fidius was tested with`),
    );
  }
  // A library that was found without an interpreter knows only its minor version.
  if (embedded !== undefined && python.version.split('.').length > 2 && embedded.version !== python.version) {
    problems.push(
      warning(
        `The interpreter is Python ${python.version}, but its shared library is Python ${embedded.version}`,
        'Update both together, from the same source.',
      ),
    );
  }
  return problems;
}

function checkEnvironment({ python, embedded }: PythonFacts): Problem[] {
  if (python === undefined || embedded === undefined || embedded.prefix === python.prefix) return [];
  return [
    warning(
      `Python uses the packages of ${embedded.prefix} inside Node.js, expected those of ${python.prefix}`,
      'Select the interpreter of the environment with the option `python` or FIDIUS_PYTHON.',
    ),
  ];
}

/**
 * The node binary contains OpenSSL and zlib too, and an extension module may be bound to those instead of its own copies.
 *
 * @param severity of a different version: `ssl` and `hashlib` eventually crash; the interface of zlib has not changed for
 * decades.
 */
function checkLibrary(
  name: string,
  severity: Problem['severity'],
  standalone: LibraryVersions | null | undefined,
  embedded: LibraryVersions | null | undefined,
): Problem[] {
  if (embedded === undefined || embedded === null) return [];
  const { built, running } = embedded;
  if (standalone && standalone.running !== running) {
    return [
      {
        severity,
        message: `Python uses ${name} ${running} inside Node.js, but ${name} ${standalone.running} in its own process`,
        hint: 'Use another build of Python.',
      },
    ];
  }
  if (built !== null && compare(running, built) < 0) {
    return [
      warning(`${name} ${running} is older than ${built}, the version that Python was built with`, `Update ${name}.`),
    ];
  }
  return [];
}

function checkModules({ standalone, embedded }: PythonFacts): Problem[] {
  return Object.entries(embedded?.missing ?? {}).map(([name, reason]) =>
    standalone !== undefined && !(name in standalone.missing)
      ? { severity: 'error', message: `Python cannot import the module ${name} inside Node.js: ${reason}` }
      : warning(
          `Python cannot import the module ${name}: ${reason}`,
          'Install a complete Python if a plugin needs the module.',
        ),
  );
}

function checkVariables({ ignoredVariables }: PythonFacts): Problem[] {
  if (ignoredVariables.length === 0) return [];
  const verb = ignoredVariables.length === 1 ? 'is set but has' : 'are set but have';
  return [
    warning(
      `${ignoredVariables.join(' and ')} ${verb} no effect: the host ignores variables of Python`,
      'Vendor the dependencies of plugins, or install them into the virtual environment.',
    ),
  ];
}

function warning(message: string, hint?: string): Problem {
  return { severity: 'warning', message, hint };
}

/** Compares versions number by number: `3.0.9` is older than `3.0.19`. */
function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
