import { describe, expect, it, vi } from 'vitest';
import { type ExecutorName, executorNames } from '../../src/index.ts';
import { type Outcome, outputOf, runIsolated } from '../support/isolated.ts';

// What plugin code does to the process it runs in. Each case has a process of its own; they run side by side.
vi.setConfig({ testTimeout: 120_000 });

/** Runs sources in one process, each as a call, and gives what came of them; one more call has to work afterwards. */
async function run(executor: ExecutorName, sources: readonly string[]): Promise<Outcome & { lines: string[] }> {
  const outcome = await outputOf('run-python.ts', { args: [executor, JSON.stringify(sources)] });
  const [before = '', ...after] = outcome.stdout.split('goes on 3\nexit 0\n');
  expect(after).toHaveLength(1);
  return { ...outcome, lines: before.trimEnd().split('\n') };
}

describe.concurrent.each(executorNames)('a plugin on the executor %s', (executor) => {
  it('does not end the program with sys.exit(), wherever it calls it', async () => {
    const { lines, stderr } = await run(executor, [
      'import sys; sys.exit(0)',
      'import sys; sys.exit("text")',
      'import sys; sys.exit()',
      'exit(2)',
      inGenerator,
      inThread,
      inEventLoop,
      inDestructor,
    ]);

    expect(lines).toEqual([
      'error SystemExit 0',
      'error SystemExit text',
      'error SystemExit ',
      'error SystemExit 2',
      'error SystemExit 3',
      'result "joined"',
      'error SystemExit 5',
      'result "collected"',
    ]);
    expect(stderr).toContain('SystemExit: 6');
  });

  it.skipIf(executor === 'process').each([
    ['os._exit(3)', { exitCode: 3, signal: null }],
    ['os.abort()', { exitCode: null, signal: 'SIGABRT' }],
    ['os.kill(os.getpid(), signal.SIGTERM)', { exitCode: null, signal: 'SIGTERM' }],
    ['os.kill(os.getpid(), signal.SIGKILL)', { exitCode: null, signal: 'SIGKILL' }],
    ['ctypes.string_at(0)', { exitCode: null, signal: 'SIGSEGV' }],
  ])('takes the program along with %s', async (source, end) => {
    const sources = [`import ctypes, os, signal, time; ${source}; time.sleep(60)`];

    const outcome = await runIsolated('run-python.ts', { args: [executor, JSON.stringify(sources)] });

    expect(outcome).toMatchObject({ ...end, stdout: '', timedOut: false });
  });

  it('never comes back into JavaScript from a forked copy of the program', async () => {
    const { lines, stdout, stderr } = await run(executor, [
      `print('unfinished, printed once', end='')`,
      fork('pass'),
      fork('raise ValueError("in the copy")'),
      fork('sys.exit(9)'),
      forkInThread,
      fork('work(); os._exit(4)'),
      fork('os.execv(sys.executable, [sys.executable, "-c", "import sys; print(\'executed\'); sys.exit(5)"])'),
    ]);

    expect(lines).toEqual([
      'result null',
      'result 70',
      'result 70',
      'result 70',
      'result 70',
      'result 4',
      'executed',
      'result 5',
    ]);
    const note =
      'fidius: a forked copy of this process returned from a plugin and was ended: it cannot run JavaScript\n';
    expect(stderr.split(note)).toHaveLength(5);
    expect(stdout.split('unfinished, printed once')).toHaveLength(2);
  });

  it('uses processes as any Python program does', async () => {
    const { lines } = await run(executor, [
      ...['fork', 'spawn', 'forkserver'].map(poolOf),
      ...['fork', 'spawn'].map(processPoolOf),
      processWithExitCode,
      'import subprocess; result = subprocess.check_output(["cat"], input=b"piped").decode()',
      'import subprocess; result = subprocess.run(["sh", "-c", "kill -9 $$"]).returncode',
      'import subprocess; result = subprocess.run(["true"], preexec_fn=lambda: None).returncode',
      asyncioSubprocess,
    ]);

    expect(lines).toEqual([
      ...Array(3).fill('result [-1,-2,-3]'),
      ...Array(2).fill('result [4,6]'),
      'printed by a child',
      'result 6',
      'result "piped"',
      'result -9',
      'result 0',
      'result ["PIPED",0]',
    ]);
  });

  it('has its children print where the program prints', async () => {
    const { lines, stderr } = await run(executor, [
      'import os; result = os.system("echo to stdout; echo to stderr >&2")',
      'import subprocess; result = subprocess.run(["echo", "to stdout"]).returncode',
    ]);

    expect(lines).toEqual(['to stdout', 'result 0', 'to stdout', 'result 0']);
    expect(stderr).toBe('to stderr\n');
  });

  it('gets an exception from recursion without end, in Python and in C, and goes on', async () => {
    const { lines } = await run(executor, ['def down(): down()\ndown()', recursionInC, freeingOfDeepData]);

    const [inPython, inC, freed] = lines;
    expect(inPython).toMatch(/^error RecursionError maximum recursion depth exceeded/);
    const raised = JSON.parse(inC?.replace('result ', '') ?? '') as Record<string, string>;
    expect(Object.keys(raised)).toHaveLength(10);
    for (const name of Object.values(raised)) expect(['RecursionError', 'MemoryError', 'SyntaxError']).toContain(name);
    expect(freed).toBe('result "freed"');
  });
});

it('gives the exit of a coroutine to its caller, on an event loop of the thread executor', async () => {
  const { lines } = await run('thread', [
    'import sys\nasync def leave(): sys.exit(5)\nresult = leave()',
    'async def answer(): return "the loop is alive"\nresult = answer()',
  ]);

  expect(lines).toEqual(['error SystemExit 5', 'result "the loop is alive"']);
});

const inGenerator = `
import sys
def generate():
    yield 1
    sys.exit(3)
result = list(generate())`;

const inThread = `
import sys, threading
thread = threading.Thread(target=sys.exit, args=(4,))
thread.start()
thread.join()
result = "joined"`;

const inEventLoop = `
import asyncio, sys
async def leave(): sys.exit(5)
asyncio.run(leave())`;

const inDestructor = `
import sys
class Leaving:
    def __del__(self): sys.exit(6)
Leaving()
result = "collected"`;

/** Forks; the copy does something, the program waits for it. The result is the exit code of the copy. */
function fork(inCopy: string): string {
  return `
import os, sys
def work():
    print("", end="")
    return sorted(str(number) for number in range(100))
pid = os.fork()
if pid == 0: ${inCopy}
result = pid and os.waitpid(pid, 0)[1] >> 8`;
}

const forkInThread = `
import os, threading
pids = []
thread = threading.Thread(target=lambda: pids.append(os.fork()))
thread.start()
thread.join()
result = os.waitpid(pids[0], 0)[1] >> 8`;

const poolOf = (method: string) => `
import multiprocessing, operator
with multiprocessing.get_context("${method}").Pool(2) as pool:
    result = pool.map(operator.neg, [1, 2, 3])`;

/** With a function of the plugin itself, which the children have to find. */
const processPoolOf = (method: string) => `
import concurrent.futures, fidius_test_observer, multiprocessing
with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("${method}")) as pool:
    result = list(pool.map(fidius_test_observer.add, [1, 2], [3, 4]))`;

const processWithExitCode = `
import multiprocessing, sys
def child():
    print("printed by a child")
    sys.exit(6)
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join()
result = process.exitcode`;

const asyncioSubprocess = `
import asyncio, sys
async def main():
    source = "import sys; print(sys.stdin.read().upper(), end='')"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", source, stdin=-1, stdout=-1)
    output, _ = await process.communicate(b"piped")
    return [output.decode(), process.returncode]
result = asyncio.run(main())`;

const recursionInC = `
import copy, json, pickle, re
# Since CPython 3.14 the stack itself is the limit: no frame of C is so small that 16 MiB hold this many.
depth = 500_000
def nest(wrap, depth=depth):
    value = None
    for _ in range(depth): value = wrap(value)
    return value
deep, other = nest(lambda value: [value]), nest(lambda value: [value])
attempts = {
    "pickle": lambda: pickle.dumps(deep),
    "json.dumps": lambda: json.dumps(deep),
    "json.loads": lambda: json.loads("[" * depth),
    "==": lambda: deep == other,
    "<": lambda: deep < other,
    # Not of lists: repr() looks for each among all that it is inside of, which takes minutes at this depth.
    "repr": lambda: repr(nest(ValueError, 100_000)),
    "compile": lambda: compile("(" * depth, "x", "eval"),
    "compile of attributes": lambda: compile("a" + ".b" * 120_000, "x", "eval"),
    "deepcopy": lambda: copy.deepcopy(nest(lambda value: [value], 50_000)),
    "isinstance": lambda: isinstance(1, nest(lambda value: (value,))),
}
result = {}
for name, attempt in attempts.items():
    try: attempt()
    except BaseException as error: result[name] = type(error).__name__`;

const freeingOfDeepData = `
def free(wrap):
    value = None
    for _ in range(200_000): value = wrap(value)
class Node:
    def __init__(self, next): self.next = next
for wrap in (lambda value: [value], lambda value: (value,), lambda value: {1: value}, Node, lambda value: lambda: value):
    free(wrap)
result = "freed"`;
