import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { addend, floats, rows, small } from '../operations.ts';
import { type Contender, pluginFolder } from './contender.ts';

interface Shell {
  on(event: 'message', listener: (message: unknown) => void): void;
  send(message: unknown): void;
}

interface PythonShellModule {
  readonly PythonShell: new (script: string, options: object) => Shell;
}

/** Lines of JSON to a child process and back. It has no calls: the answers are matched with the requests by their order. */
export function open(): Contender {
  const { PythonShell } = createRequire(import.meta.url)('python-shell') as PythonShellModule;
  const shell = new PythonShell(fileURLToPath(new URL('./python_shell_server.py', import.meta.url)), {
    mode: 'json',
    pythonPath: process.env['FIDIUS_PYTHON'] ?? 'python3',
    args: [pluginFolder],
  });
  const waiting: ((answer: unknown) => void)[] = [];
  shell.on('message', (answer) => waiting.shift()?.(answer));
  const call = (name: string, ...args: readonly unknown[]): Promise<unknown> => {
    return new Promise((resolve) => {
      waiting.push(resolve);
      shell.send([name, ...args]);
    });
  };
  return {
    calls: {
      add: (step) => call('add', addend, step),
      addAsync: (step) => call('add', addend, step),
      echoSmall: () => call('echo', small),
      echoRows: () => call('echo', rows),
      echoFloats: () => call('echo', floats),
    },
  };
}
