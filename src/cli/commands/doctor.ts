import { type ExecFileException, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Diagnosis, EmbeddedOutcome } from '../../host/diagnosis.ts';
import type { Command, CommandIo, OptionSpec } from '../command.ts';
import { diagnosisText } from '../doctor-text.ts';
import { toJson } from '../json.ts';
import { readArguments } from '../read-arguments.ts';
import { fidiusVersion } from '../version.ts';

const options = {
  python: { type: 'string', value: 'path', help: 'Check this interpreter or virtual environment' },
  libpython: { type: 'string', value: 'path', help: 'Check this shared library' },
  json: { type: 'boolean', help: 'Print the report as JSON' },
  // What doctor calls itself with, in a process that may crash.
  inside: { type: 'boolean' },
} as const satisfies Record<string, OptionSpec>;

const about = { name: 'doctor', usage: 'fidius doctor [options]' };

/** Begins the one line of the inner process that is meant for the outer one; Python may print others. */
const marker = 'fidius-doctor-report:';

/** `fidius doctor`: says which Python was found, and whether it works here. */
export const doctor: Command = {
  ...about,
  summary: 'Show which Python is used, which places were searched, and whether it works here',
  options,
  examples: ['fidius doctor', 'fidius doctor --python .venv/bin/python', 'fidius doctor --json'],
  async run(argv, io) {
    const { python, libpython, json, inside } = readArguments(about, argv, options).options;
    if (inside === true) return reportFromInside({ python, libpython }, io);

    const { diagnose } = await import('../../host/diagnosis.ts');
    const { cwd, env } = io;
    const diagnosis = await diagnose({ python, libpython, cwd, env }, (found) => runInside(found, io));
    const record = { fidius: fidiusVersion(), ...diagnosis };
    io.stdout.write(json === true ? toJson(record) : diagnosisText(record));
    return diagnosis.usable ? 0 : 1;
  },
};

/** Starts this command line anew, as a process that may crash, and reads what it found out before it did. */
async function runInside(found: NonNullable<Diagnosis['python']>, io: CommandIo): Promise<EmbeddedOutcome> {
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

async function reportFromInside(
  start: { python: string | undefined; libpython: string | undefined },
  io: CommandIo,
): Promise<number> {
  const { toFinding } = await import('../../host/diagnosis.ts');
  let outcome: EmbeddedOutcome;
  try {
    const { readEmbeddedReport } = await import('../../host/embedded-report.ts');
    outcome = { report: readEmbeddedReport(start) };
  } catch (error) {
    outcome = { failure: toFinding(error) };
  }
  io.stdout.write(`\n${marker}${JSON.stringify(outcome)}\n`);
  return 0;
}
