import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a probe of a CPython 3.11 answers that was built without its library; to be varied by a test. */
export const staticAnswer = {
  implementation: 'cpython',
  version: '3.11.7',
  executable: '/opt/fake/bin/python3',
  baseExecutable: '/opt/fake/bin/python3',
  prefix: '/opt/fake',
  basePrefix: '/opt/fake',
  sitePackages: ['/opt/fake/lib/python3.11/site-packages'],
  config: {
    INSTSONAME: 'libpython3.11.a',
    LDLIBRARY: 'libpython3.11.a',
    LDVERSION: '3.11',
    LIBDIR: '/opt/fake/lib',
    LIBPL: '/opt/fake/lib/python3.11/config',
    MULTIARCH: 'x86_64-linux-gnu',
    PYTHONFRAMEWORK: '',
    PYTHONFRAMEWORKPREFIX: '',
    Py_DEBUG: 0,
    Py_ENABLE_SHARED: 0,
    Py_GIL_DISABLED: null,
  },
};

export type Answer = Omit<typeof staticAnswer, 'config'> & { config: Record<string, string | number | null> };

/** Writes a program that gives `answer` whatever it is asked; returns its path. */
export function writeAnsweringPython(path: string, answer: Answer): string {
  // printf is part of the shell: a test may well leave no PATH to find another program on.
  return writeProgram(path, `printf '%s\\n' '${JSON.stringify(answer).replaceAll("'", "'\\''")}'`);
}

/** Writes an executable shell script; returns its path. */
export function writeProgram(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}
