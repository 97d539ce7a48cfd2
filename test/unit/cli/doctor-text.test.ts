import { describe, expect, it } from 'vitest';
import { reportText } from '../../../src/cli/commands/doctor.ts';
import type { Problem } from '../../../src/host/doctor/problems.ts';
import { healthyAttempts, healthyFacts } from '../../support/doctor-facts.ts';

const node = { version: '20.20.2', platform: 'linux', arch: 'x64', glibc: '2.36', openssl: '3.0.19', zlib: '1.3.1' };
const healthy = {
  fidius: '1.2.3',
  node,
  ...healthyFacts,
  executors: {
    inline: { available: true, reason: '/usr/lib/libpython3.11.so.1.0 works' },
    thread: { available: true, reason: '/usr/lib/libpython3.11.so.1.0 works' },
    process: { available: true, reason: '/usr/bin/python3 is Python 3.11.7' },
    auto: { chosen: 'thread', reason: 'Python works in this process' },
  } as const,
  attempts: healthyAttempts,
  problems: [],
  usable: true,
};

describe('the text of doctor', () => {
  it('is short if there are no problems', () => {
    expect(reportText(healthy)).toMatchInlineSnapshot(`
      "fidius 1.2.3 on Node.js 20.20.2 (linux x64, glibc 2.36)

      Python
        version       3.11.7
        found by      .venv
        interpreter   /home/ann/app/.venv/bin/python
        library       /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0
        environment   /home/ann/app/.venv
        installed in  /usr
        packages      /home/ann/app/.venv/lib/python3.11/site-packages

      Inside Node.js
        version     3.11.7
        OpenSSL     3.0.19, Python was built for 3.0.16, Node.js has 3.0.19
        zlib        1.2.13, Python was built for 1.2.13, Node.js has 1.3.1
        locale      C.UTF-8, text utf-8, file names utf-8
        UTF-8 mode  on
        stack       16 MiB, no overflow protection needed before Python 3.14

      Executors
        inline   available: /usr/lib/libpython3.11.so.1.0 works
        thread   available: /usr/lib/libpython3.11.so.1.0 works
        process  available: /usr/bin/python3 is Python 3.11.7
        auto     thread: Python works in this process

      Search
        option libpython  not given
        option python     not given
        FIDIUS_PYTHON     not set
        VIRTUAL_ENV       not set
        CONDA_PREFIX      not set
        .venv             /home/ann/app/.venv: used

      Python works here.
      "
    `);
  });

  it('ends with a hint if Python is missing', () => {
    const attempts = [
      ...healthyAttempts.slice(0, -1),
      { locator: '.venv', looked: '', outcome: 'no virtual environment in /home/ann/app' },
      {
        locator: 'PATH',
        looked: '/usr/bin/python3',
        outcome: 'is Python 3.11.2 without its shared library (not in …)',
      },
      { locator: 'system libraries', looked: '', outcome: 'no libpython in /usr/local/lib, /usr/lib' },
    ];
    const problems: Problem[] = [
      {
        severity: 'error',
        code: 'FIDIUS_PYTHON_STATIC',
        message: 'Cannot find a usable CPython in any of these places',
        hint: 'Run `apt-get install libpython3.11`.',
      },
    ];
    const none = { available: false, reason: 'Cannot find a usable CPython in any of these places' };
    const executors = { inline: none, thread: none, process: none, auto: { chosen: null, reason: none.reason } };
    const missing = { ...healthy, python: undefined, standalone: undefined, embedded: undefined, executors };

    expect(reportText({ ...missing, attempts, problems, usable: false })).toMatchInlineSnapshot(`
      "fidius 1.2.3 on Node.js 20.20.2 (linux x64, glibc 2.36)

      Executors
        inline   not available: Cannot find a usable CPython in any of these places
        thread   not available: Cannot find a usable CPython in any of these places
        process  not available: Cannot find a usable CPython in any of these places
        auto     none of them: Cannot find a usable CPython in any of these places

      Search
        option libpython  not given
        option python     not given
        FIDIUS_PYTHON     not set
        VIRTUAL_ENV       not set
        CONDA_PREFIX      not set
        .venv             no virtual environment in /home/ann/app
        PATH              /usr/bin/python3: is Python 3.11.2 without its shared library (not in …)
        system libraries  no libpython in /usr/local/lib, /usr/lib

      error: Cannot find a usable CPython in any of these places
      hint: Run \`apt-get install libpython3.11\`.

      Python does not work here.
      "
    `);
  });

  it('distinguishes warnings from errors, and marks unusual builds', () => {
    const python = { ...healthy.python, debug: true, executable: undefined, basePrefix: healthy.python.prefix };
    const embedded = {
      ...healthy.embedded,
      version: '3.14.2',
      openssl: null,
      stack: { bytes: 16 * 1024 * 1024, protection: 'set' as const },
    };
    const problems: Problem[] = [
      { severity: 'warning', message: 'This Python has no module ssl: ModuleNotFoundError' },
      { severity: 'error', message: 'Ending Python inside Node.js crashed with SIGSEGV', hint: 'Name another Python.' },
    ];

    expect(
      reportText({ ...healthy, node: { ...node, glibc: undefined }, python, embedded, problems, usable: false }),
    ).toMatchInlineSnapshot(`
      "fidius 1.2.3 on Node.js 20.20.2 (linux x64)

      Python
        version      3.11.7, debug build
        found by     .venv
        interpreter  none next to the library
        library      /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0
        environment  /home/ann/app/.venv
        packages     /home/ann/app/.venv/lib/python3.11/site-packages

      Inside Node.js
        version     3.14.2
        OpenSSL     none, Node.js has 3.0.19
        zlib        1.2.13, Python was built for 1.2.13, Node.js has 1.3.1
        locale      C.UTF-8, text utf-8, file names utf-8
        UTF-8 mode  on
        stack       16 MiB, overflow protection set

      Executors
        inline   available: /usr/lib/libpython3.11.so.1.0 works
        thread   available: /usr/lib/libpython3.11.so.1.0 works
        process  available: /usr/bin/python3 is Python 3.11.7
        auto     thread: Python works in this process

      Search
        option libpython  not given
        option python     not given
        FIDIUS_PYTHON     not set
        VIRTUAL_ENV       not set
        CONDA_PREFIX      not set
        .venv             /home/ann/app/.venv: used

      warning: This Python has no module ssl: ModuleNotFoundError
      error: Ending Python inside Node.js crashed with SIGSEGV
      hint: Name another Python.

      Python does not work here.
      "
    `);
  });
});
