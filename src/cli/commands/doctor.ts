import { type ExecFileException, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DoctorReport, EmbeddedOutcome } from '../../host/doctor/diagnose.ts';
import type { LibraryVersions } from '../../host/doctor/interpreter-report.ts';
import type { CommandIo } from '../command-io.ts';
import { type CommandResult, defineCommand } from '../define-command.ts';
import { fidiusVersion } from '../help.ts';
import { pythonOptions } from '../shared-options.ts';

/** Prefix of the line with the report of the inner process. Python may print other lines. */
const marker = 'fidius-doctor-report:';

/** `fidius doctor`: reports which Python is found, and whether it works here. */
export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Show which Python is used, which places were searched, and whether it works here',
  options: {
    ...pythonOptions,
    // Starts Python in this process, which may crash. Only used by this command itself, for its inner process.
    inside: { type: 'boolean' },
  },
  json: true,
  examples: ['fidius doctor', 'fidius doctor --python .venv/bin/python', 'fidius doctor --json'],
  async run({ options: { python, libpython, inside } }, io) {
    if (inside) return reportFromInside({ python, libpython });

    const { diagnose } = await import('../../host/doctor/diagnose.ts');
    const { cwd, env } = io;
    const report = await diagnose({ python, libpython, cwd, env }, (found) => runInside(found, io));
    const record = { fidius: fidiusVersion(), ...report };
    return { record, text: reportText(record), exitCode: report.usable ? 0 : 1 };
  },
});

/** Starts this command line again as an inner process, which may crash, and reads its report. */
async function runInside(found: NonNullable<DoctorReport['python']>, io: CommandIo): Promise<EmbeddedOutcome> {
  const { libpython, executable } = found;
  if (libpython === undefined) return failed('Python has no shared library to load');
  const [program, ...before] = io.self;
  const named = ['--libpython', libpython, ...(executable === undefined ? [] : ['--python', executable])];
  const settings = { cwd: io.cwd, env: io.env, timeout: 60_000, killSignal: 'SIGKILL', maxBuffer: 1 << 24 } as const;
  const { stdout, end } = await execute(program, [...before, 'doctor', '--inside', ...named], settings).then(
    ({ stdout: text }) => ({ stdout: text, end: undefined }),
    (error: ExecFileException) => ({ stdout: error.stdout ?? '', end: describeEnd(error) }),
  );
  const line = stdout.split('\n').find((each) => each.startsWith(marker));
  if (end !== undefined) return failed(`${line === undefined ? 'Starting' : 'Ending'} Python inside Node.js ${end}`);
  if (line === undefined) return failed('Python ended the Node.js process in which it was started');
  return JSON.parse(line.slice(marker.length)) as EmbeddedOutcome;
}

const execute = promisify(execFile);

function describeEnd({ killed, signal, code }: ExecFileException): string {
  if (killed === true) return 'took longer than a minute';
  return signal ? `crashed with ${signal}` : `ended the process with exit code ${code}`;
}

function failed(message: string): EmbeddedOutcome {
  return {
    failure: { severity: 'error', message, hint: 'Use another Python.' },
  };
}

async function reportFromInside(start: {
  readonly python: string | undefined;
  readonly libpython: string | undefined;
}): Promise<CommandResult> {
  const { toProblem } = await import('../../host/doctor/diagnose.ts');
  let outcome: EmbeddedOutcome;
  try {
    const { readEmbeddedReport } = await import('../../host/doctor/interpreter-report.ts');
    outcome = { report: readEmbeddedReport(start) };
  } catch (error) {
    outcome = { failure: toProblem(error) };
  }
  return { text: `\n${marker}${JSON.stringify(outcome)}\n` };
}

type Row = readonly [name: string, text: string | undefined];

/** The report as text: facts first, then the problems and their hints. */
export function reportText(record: DoctorReport & { readonly fidius: string }): string {
  const { node } = record;
  const libc = node.glibc === undefined ? '' : `, glibc ${node.glibc}`;
  return [
    `fidius ${record.fidius} on Node.js ${node.version} (${node.platform} ${node.arch}${libc})`,
    ...section('Python', pythonRows(record)),
    ...section('Inside Node.js', embeddedRows(record)),
    ...section('Executors', executorRows(record)),
    ...section('Search', searchRows(record)),
    '',
    ...problemLines(record),
    '',
  ].join('\n');
}

function pythonRows({ python }: DoctorReport): Row[] {
  if (python === undefined) return [];
  const kinds = [python.debug ? 'debug build' : undefined, python.shared ? undefined : 'without shared library'];
  const notes = kinds.filter((kind) => kind !== undefined);
  return [
    ['version', [python.version, ...notes].join(', ')],
    ['found by', python.foundBy],
    ['interpreter', python.executable ?? 'none next to the library'],
    ['library', python.libpython],
    ['environment', python.prefix],
    ['installed in', python.basePrefix === python.prefix ? undefined : python.basePrefix],
    ...python.sitePackages.map((folder, index): Row => [index === 0 ? 'packages' : '', folder]),
  ];
}

function embeddedRows({ embedded, node }: DoctorReport): Row[] {
  if (embedded === undefined) return [];
  const { locale, stack } = embedded;
  const protection =
    stack.protection === 'set' ? 'overflow protection set' : 'no overflow protection needed before Python 3.14';
  return [
    ['version', embedded.version],
    ['OpenSSL', versions(embedded.openssl, node.openssl)],
    ['zlib', versions(embedded.zlib, node.zlib)],
    ['locale', `${locale.ctype}, text ${locale.preferredEncoding}, file names ${locale.filesystemEncoding}`],
    ['UTF-8 mode', locale.utf8Mode ? 'on' : 'off'],
    ['stack', `${stack.bytes / 1024 ** 2} MiB, ${protection}`],
  ];
}

function versions(library: LibraryVersions | null, nodeHas: string | undefined): string {
  const own =
    library === null ? 'none' : `${library.running}, Python was built for ${library.built ?? 'an unknown version'}`;
  return nodeHas === undefined ? own : `${own}, Node.js has ${nodeHas}`;
}

function executorRows({ executors: { inline, thread, process, auto } }: DoctorReport): Row[] {
  const available = Object.entries({ inline, thread, process }).map(
    ([name, executor]): Row => [name, `${executor.available ? 'available' : 'not available'}: ${executor.reason}`],
  );
  return [...available, ['auto', `${auto.chosen ?? 'none of them'}: ${auto.reason}`]];
}

function searchRows({ attempts }: DoctorReport): Row[] {
  return attempts.map(({ locator, looked, outcome }) => [locator, looked === '' ? outcome : `${looked}: ${outcome}`]);
}

function problemLines({ problems, usable, executors }: DoctorReport): string[] {
  const where = executors.auto.chosen === 'process' ? 'in child processes' : 'here';
  const lines = problems.flatMap(({ severity, message, hint }) => [
    `${severity}: ${message}`,
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
  ]);
  return [
    ...lines,
    ...(lines.length === 0 ? [] : ['']),
    usable ? `Python works ${where}.` : 'Python does not work here.',
  ];
}

function section(title: string, rows: readonly Row[]): string[] {
  const shown = rows.filter(([, text]) => text !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  const lines = shown.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  return shown.length === 0 ? [] : ['', title, ...lines];
}
