import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { runtimeFolder, sdkFolder } from '../../cpython/runtime-folders.ts';
import { clearTimeout, setTimeout } from '../../node/timers.ts';
import { frameType, headerBytes, writeHeader } from '../../protocol/frames.ts';
import type { Exit, Receiver, StopStep, Transport } from '../server/transport.ts';
import { toChildEnvironment } from './child-environment.ts';
import { LineReader, type ProcessOutputListener, Tail } from './child-output.ts';
import { drainSocket, endAtExit } from './end-at-exit.ts';
import { killGroup, killLeftGroup, writeToStderr } from './host-access.ts';
import { KillLadder } from './kill-ladder.ts';
import { connectionEnded, notReady, notSpawned } from './process-errors.ts';
import type { ProcessSettings } from './process-options.ts';

/** How the child is started. */
export interface ChildPlan {
  readonly executable: string;
  readonly settings: ProcessSettings;
  /** Receives output that Python does not send itself; `undefined`: it is written to the streams of this process. */
  readonly onOutput: ProcessOutputListener | undefined;
}

/** How long the exit of a process waits for the end of its stderr, in milliseconds. */
const inheritedStreamMs = 200;

/** More bytes than a pipe or socket holds. */
const mostLeftBytes = 1 << 20;

/** Descriptors of the child; see `runtime/fidius_host/server/__main__.py`. */
const [dataDescriptor, controlDescriptor] = [3, 4];

/**
 * A call server in a child process.
 *
 * Its standard output is never part of the protocol: frames are sent over two inherited socket pairs.
 */
export class ChildTransport implements Transport {
  readonly data: Socket;
  readonly control: Socket;
  readonly memory = undefined;
  readonly facts: { readonly process: number; readonly executable: string };
  readonly exited: Promise<Exit>;
  readonly stopper: KillLadder;
  readonly #child: ChildProcess;
  readonly #tail = new Tail();
  readonly #executable: string;
  #spawnFailure: Error | undefined;
  /** Whether the process closed the connection, and not this host. */
  #hasEndedFirst = false;
  /** Set when the process was killed because it was not ready in time. */
  #startTimeoutMs: number | undefined;

  /** @throws ProcessError `FIDIUS_PROCESS_START_FAILED` when this process has no free descriptors; Error of Node. */
  constructor({ executable, settings, onOutput }: ChildPlan, receiver: Receiver) {
    // Loaded now: it takes several milliseconds, and other executors do not need it.
    const { spawn } = process.getBuiltinModule('node:child_process');
    const server = join(runtimeFolder, 'fidius_host', 'server');
    const descriptors = [dataDescriptor, controlDescriptor].map(String);
    const args = ['-I', '-B', '-X', 'utf8', server, ...descriptors, sdkFolder, String(process.pid)];
    this.#executable = executable;
    this.#child = spawn(executable, args, {
      cwd: settings.cwd,
      env: toChildEnvironment(settings.env),
      stdio: ['ignore', onOutput === undefined ? 'inherit' : 'pipe', 'pipe', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C in the terminal is for the host, and the children of plugins are in the group.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    refuseWithoutChannels(this.#child, executable);
    this.stopper = new KillLadder((signal) => this.terminate(signal), settings);
    this.exited = this.#watchExit();
    this.facts = { process: this.#child.pid ?? 0, executable };
    this.data = this.#child.stdio[dataDescriptor] as Socket;
    this.control = this.#child.stdio[controlDescriptor] as Socket;
    this.#child.unref();
    this.data.on('data', (chunk: Buffer) => feed(receiver, chunk));
    this.#limitStart(settings.startTimeoutMs);
    this.data.once('end', () => {
      this.#hasEndedFirst = true;
    });
    const { stdout, stderr } = this.#child as unknown as { stdout: Socket | null; stderr: Socket };
    const outputs = this.#readOutput(stdout, stderr, onOutput);
    const hasEnded = endAtExit({
      shutDown: () => this.control.write(shutdownFrame),
      terminate: () => this.terminate('SIGTERM'),
      drain: () => {
        drainSocket(this.data, (chunk) => feed(receiver, chunk));
        for (const { socket, lines } of outputs) drainSocket(socket, (chunk) => lines.take(chunk));
      },
      finish: () => outputs.forEach(({ lines }) => lines.end()),
      isReaped: () => this.pid === undefined,
      pid: this.facts.process,
    });
    void this.exited.then(() => {
      hasEnded();
      // Nothing but a program that the plugin has left behind can still write, and it may run on for longer than this host.
      for (const { socket, lines } of outputs) {
        drainSocket(socket, (chunk) => lines.take(chunk), mostLeftBytes);
        socket.destroy();
      }
    });
  }

  /** Id of the process while a signal can be sent to it: it has started, and Node has not reaped it. */
  get pid(): number | undefined {
    const { pid, exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null ? pid : undefined;
  }

  /** `SIGKILL` also ends the processes that the plugin has started, unless they have left the process group. */
  terminate(signal: StopStep): void {
    const { pid } = this;
    if (pid === undefined) return;
    if (signal === 'SIGKILL' && process.platform !== 'win32') killGroup(pid);
    this.#child.kill(signal);
  }

  /** Waits for the exit of the process, at most this long, and keeps the event loop alive meanwhile. @returns whether it exited. */
  async exitWithin(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const hasExited = await Promise.race([this.exited.then(() => true), timedOut]);
    clearTimeout(timer);
    return hasExited;
  }

  /** Keeps a line of stderr that was received in another way. */
  keep(line: string): void {
    this.#tail.add(line);
  }

  stderrTail(): string {
    return this.#tail.toString();
  }

  explainLoss(exit: Exit | undefined, isReady: boolean, cause?: Error) {
    if (this.#spawnFailure !== undefined) return notSpawned(this.#executable, this.#spawnFailure);
    const { process: pid, executable } = this.facts;
    if (this.#startTimeoutMs !== undefined) return notReady(this.facts, this.#startTimeoutMs, this.stderrTail());
    return connectionEnded(
      { pid, executable, stderrTail: this.stderrTail(), ladder: this.stopper },
      exit,
      isReady,
      cause,
    );
  }

  /** Kills the process if it sends nothing in time: its first frame says that it is ready. */
  #limitStart(timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(() => {
      this.#startTimeoutMs = timeoutMs;
      this.terminate('SIGKILL');
    }, timeoutMs).unref();
    const stop = () => clearTimeout(timer);
    this.data.once('data', stop);
    void this.exited.then(stop);
  }

  #watchExit(): Promise<Exit> {
    const child = this.#child;
    const stderr = child.stderr as Readable;
    const stderrEnded = new Promise<void>((resolve) => stderr.once('close', resolve));
    return new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.stopper.end();
        // A process that has crashed leaves what its plugin has started behind.
        const hasCrashed = this.#hasEndedFirst || !this.data.destroyed;
        if (hasCrashed && process.platform !== 'win32') killLeftGroup(this.facts.process);
        const exit = { code, signal };
        // Not later: a program that the plugin has started may keep the stream open.
        const inherited = setTimeout(() => resolve(exit), inheritedStreamMs).unref();
        void stderrEnded.then(() => {
          clearTimeout(inherited);
          resolve(exit);
        });
      });
      child.once('error', (error) => {
        if (child.pid !== undefined) return; // a signal could not be sent
        this.#spawnFailure = error;
        resolve({ code: null, signal: null });
      });
    });
  }

  #readOutput(stdout: Socket | null, stderr: Socket, onOutput: ProcessOutputListener | undefined) {
    const toHost = onOutput ?? writeToStderr;
    const errors = new LineReader(stderr, (line) => {
      this.#tail.add(line);
      toHost('stderr', line);
    });
    const outputs = [{ socket: stderr, lines: errors }];
    if (stdout !== null) {
      outputs.push({ socket: stdout, lines: new LineReader(stdout, (line) => toHost('stdout', line)) });
    }
    for (const { socket } of outputs) socket.unref();
    return outputs;
  }
}

/** The frame that ends a server. */
const shutdownFrame = Buffer.alloc(headerBytes);
writeHeader(shutdownFrame, 0, frameType.shutdown, 0, 0, 0, 0, 0);

/** Node creates no channels when it has no free descriptors. */
function refuseWithoutChannels(child: ChildProcess, executable: string): void {
  if ((child as Partial<ChildProcess>).stdio !== undefined) return;
  child.once('error', () => {});
  throw notSpawned(executable, new Error('this process has too many open files'));
}

/** Copies a chunk into the receiver, in as many pieces as it takes. */
function feed(receiver: Receiver, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) {
    const room = receiver.room();
    const piece = chunk.subarray(at, at + room.length);
    room.set(piece);
    receiver.take(piece.length);
    at += piece.length;
  }
}
