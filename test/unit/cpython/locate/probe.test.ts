import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locatePython } from '../../../../src/cpython/locate/locate-python.ts';
import { elf } from '../../../support/binaries.ts';
import { type Answer, staticAnswer, writeAnsweringPython, writeProgram } from '../../../support/fake-python.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

describe('an interpreter', () => {
  it.each<[string, string, string]>([
    [
      'that fails',
      'echo "cannot open shared object file" >&2; exit 127',
      'ended with exit code 127 when asked for its version: cannot open shared object file',
    ],
    ['that is killed', 'kill -SEGV $$', 'ended by signal SIGSEGV when asked for its version'],
    ['that says nothing', 'exit 0', 'did not answer as a Python does when asked for its version'],
    ['that says something else', 'echo hello', 'did not answer as a Python does when asked for its version'],
    ['that says JSON of another kind', 'echo null', 'did not answer as a Python does when asked for its version'],
    [
      'that says half of it',
      `echo '{"implementation":"cpython","version":"3.11.7"}'`,
      'did not answer as a Python does when asked for its version',
    ],
    [
      'that never stops talking',
      'while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done',
      'did not answer as a Python does when asked for its version',
    ],
  ])('%s is refused by name', (_what, body, outcome) => {
    const python = writeProgram(join(tempFolder(), 'python3'), body);

    expect(() => locatePython({ python, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_PYTHON_NO_ANSWER',
        message: `Cannot use the Python of option python: ${python} ${outcome}`,
        hint: `Run \`${python} -V\` to see what is there.`,
      }),
    );
  });

  it('that hangs times out, also when a child of it continues to run', () => {
    const python = writeProgram(join(tempFolder(), 'python3'), '/bin/sleep 60\necho done');

    expect(() => locatePython({ python, env: {}, probeTimeoutMs: 200 })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_PYTHON_NO_ANSWER',
        message: `Cannot use the Python of option python: ${python} did not answer within 200 ms`,
      }),
    );
  });

  it('that waits for input gets none', () => {
    const python = writeProgram(join(tempFolder(), 'python3'), 'read line; exit 4');

    expect(() => locatePython({ python, env: {} })).toThrow(/ended with exit code 4/);
  });

  it('that is not a program is rejected', () => {
    const python = join(tempFolder(), 'python3');
    writeFileSync(python, 'not a program');

    expect(() => locatePython({ python, env: {} })).toThrow(/python3 is not executable$/);
  });

  it('of another machine that does not run here is told so', () => {
    const python = join(tempFolder(), 'python3');
    writeFileSync(python, elf({ type: 2, machine: process.arch === 's390x' ? 62 : 22 }), { mode: 0o755 });

    expect(() => locatePython({ python, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_PYTHON_NO_ANSWER',
        message: expect.stringMatching(/; it is a program for (s390x|x64), and this is \w+$/),
      }),
    );
  });

  it('that is a dangling link, or a script of a program that is gone, is missing', () => {
    const folder = tempFolder();
    const link = join(folder, 'link');
    symlinkSync('/gone/python3', link);
    const script = join(folder, 'script');
    writeFileSync(script, '#!/gone/python3\n');
    chmodSync(script, 0o755);

    expect(() => locatePython({ python: link, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_PYTHON_NOT_FOUND',
        message: expect.stringMatching(/link is a link to \/gone\/python3, which does not exist$/),
      }),
    );
    expect(() => locatePython({ python: script, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_PYTHON_NOT_FOUND',
        message: expect.stringMatching(/script names an interpreter that does not exist in its first line$/),
      }),
    );
  });

  it('is asked once per process', () => {
    const folder = tempFolder();
    const log = join(folder, 'log');
    const python = writeAnsweringPython(join(folder, 'python3'), staticAnswer);
    writeProgram(python, `[ -e '${log}' ] && exit 1; : > '${log}'; printf '%s\\n' '${JSON.stringify(staticAnswer)}'`);

    const first = locatePython({ python, env: {}, allowStatic: true });
    const second = locatePython({ python, env: {}, allowStatic: true });

    expect(second).toEqual(first);
    expect(() => locatePython({ python, env: { OTHER: 'environment' }, allowStatic: true })).toThrow(/exit code 1/);
  });
});

describe('a Python that answers, and is not supported', () => {
  it.each<[string, Partial<Answer>, string, string]>([
    ['too old', { version: '3.8.18' }, 'is Python 3.8.18, and 3.9 is the oldest supported', 'Name a newer Python.'],
    ['Python 2', { version: '2.7.18' }, 'is Python 2.7.18, and 3.9 is the oldest supported', 'Name a newer Python.'],
    ['PyPy', { implementation: 'pypy', version: '3.10.14' }, 'is pypy, not CPython', 'Name a CPython 3.9 or newer.'],
    [
      'free-threaded',
      { version: '3.14.1', config: { ...staticAnswer.config, Py_GIL_DISABLED: 1 } },
      'is Python 3.14.1 built without the global interpreter lock, which is not supported',
      'Name the ordinary build of the same version.',
    ],
  ])('because it is %s is refused by name', (_what, difference, outcome, hint) => {
    const python = writeAnsweringPython(join(tempFolder(), 'python3'), { ...staticAnswer, ...difference });

    expect(() => locatePython({ python, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_PYTHON_UNSUPPORTED',
        message: `Cannot use the Python of option python: ${python} ${outcome}`,
        hint,
      }),
    );
  });
});

describe('a Python newer than the tests have seen', () => {
  it('is used, with a note', () => {
    const python = writeAnsweringPython(join(tempFolder(), 'python3'), { ...staticAnswer, version: '3.99.0' });

    const { attempts } = locatePython({ python, env: {}, allowStatic: true });

    expect(attempts.at(-1)?.outcome).toBe('used, though 3.99.0 is newer than what was tested');
  });
});

describe('a static Python', () => {
  const python = () => writeAnsweringPython(join(tempFolder(), 'python3'), staticAnswer);

  it('is refused with every folder that was looked into', () => {
    const path = python();

    expect(() => locatePython({ python: path, env: {} })).toThrow(
      expect.objectContaining({
        code: 'FIDIUS_PYTHON_STATIC',
        message:
          `Cannot use the Python of option python: ${path} is Python 3.11.7 without its shared library ` +
          '(not in /opt/fake/lib, /opt/fake/lib/x86_64-linux-gnu, /opt/fake/lib64, /opt/fake/lib/python3.11/config)',
      }),
    );
  });

  it('is sufficient for a separate process', () => {
    const { python: found } = locatePython({ python: python(), env: {}, allowStatic: true });

    expect(found).toMatchObject({ libpython: undefined, shared: false, version: '3.11.7', machine: process.arch });
  });
});
