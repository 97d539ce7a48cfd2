import type { LocatedPython } from '../../cpython/locate/locator.ts';
import { isNewerThanTested } from '../../cpython/locate/supported.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { EmbeddedReport, InterpreterReport, LibraryVersions } from './interpreter-report.ts';

/** Something that keeps plugins from running, or that may surprise. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint?: string | undefined;
  readonly code?: ErrorCode | undefined;
}

/** What was seen of one Python. */
export interface Facts {
  /** The Python that was found, if any. */
  readonly python: LocatedPython | undefined;
  /** The interpreter in a process of its own. */
  readonly alone: InterpreterReport | undefined;
  /** The same Python inside a Node.js process. */
  readonly embedded: EmbeddedReport | undefined;
  /** Variables of Python that are set and have no effect here; never their values. */
  readonly ignoredVariables: readonly string[];
}

/** What is wrong or odd about a Python that was found, judged from what it reports. */
export function findProblems(facts: Facts): Finding[] {
  return [
    ...aboutVersion(facts),
    ...aboutEnvironment(facts),
    ...aboutLibrary('OpenSSL', 'error', facts.alone?.openssl, facts.embedded?.openssl),
    ...aboutLibrary('zlib', 'warning', facts.alone?.zlib, facts.embedded?.zlib),
    ...aboutModules(facts),
    ...aboutVariables(facts),
  ];
}

function aboutVersion({ python, embedded }: Facts): Finding[] {
  if (python === undefined) return [];
  const findings: Finding[] = [];
  if (isNewerThanTested(python.version)) {
    findings.push(warning(`Python ${python.version} is newer than what this version of fidius was tested with`));
  }
  // A library that was found alone knows only its minor version.
  if (embedded !== undefined && python.version.split('.').length > 2 && embedded.version !== python.version) {
    findings.push(
      warning(
        `The interpreter is Python ${python.version}, its library is ${embedded.version}`,
        'Update both together, from the same source.',
      ),
    );
  }
  return findings;
}

function aboutEnvironment({ python, embedded }: Facts): Finding[] {
  if (python === undefined || embedded === undefined || embedded.prefix === python.prefix) return [];
  return [
    warning(
      `Inside Node.js packages come from ${embedded.prefix}, not from ${python.prefix}`,
      'Name the interpreter of the environment with the option `python` or FIDIUS_PYTHON.',
    ),
  ];
}

/**
 * The node binary brings OpenSSL and zlib too, and an extension module may be bound to those instead of its own.
 *
 * @param severity of that: `ssl` and `hashlib` crash sooner or later, `zlib` has kept its interface for decades.
 */
function aboutLibrary(
  name: string,
  severity: Finding['severity'],
  alone: LibraryVersions | null | undefined,
  embedded: LibraryVersions | null | undefined,
): Finding[] {
  if (embedded === undefined || embedded === null) return [];
  const { built, running } = embedded;
  if (alone && alone.running !== running) {
    return [
      {
        severity,
        message: `Inside Node.js Python runs with ${name} ${running}, by itself with ${alone.running}`,
        hint: 'Run plugins in a process of their own.',
      },
    ];
  }
  if (built !== null && compare(running, built) < 0) {
    return [warning(`${name} ${running} is older than ${built}, which Python was built for`, `Update ${name}.`)];
  }
  return [];
}

function aboutModules({ alone, embedded }: Facts): Finding[] {
  return Object.entries(embedded?.missing ?? {}).map(([name, reason]) =>
    alone !== undefined && !(name in alone.missing)
      ? { severity: 'error', message: `The module ${name} cannot be imported inside Node.js: ${reason}` }
      : warning(
          `This Python has no module ${name}: ${reason}`,
          'Install a complete Python if a plugin needs the module.',
        ),
  );
}

function aboutVariables({ ignoredVariables }: Facts): Finding[] {
  if (ignoredVariables.length === 0) return [];
  const verb = ignoredVariables.length === 1 ? 'is set, and has' : 'are set, and have';
  return [
    warning(
      `${ignoredVariables.join(' and ')} ${verb} no effect: plugins run with the packages they bring`,
      'Vendor what a plugin needs, or install it into the virtual environment.',
    ),
  ];
}

function warning(message: string, hint?: string): Finding {
  return { severity: 'warning', message, hint };
}

/** Compares versions number by number: `3.0.9` is older than `3.0.19`. */
function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
