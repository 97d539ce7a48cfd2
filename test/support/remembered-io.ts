import { Readable } from 'node:stream';

/** The world of a command: what `src/cli/main.ts` passes of its process. */
interface CommandIo {
  readonly readStdin: () => Promise<Uint8Array>;
  readonly openStdin: () => Readable;
  readonly stdout: { write(data: string | Uint8Array): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly interruptible: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  readonly isTty: boolean;
  readonly isStdoutTty: boolean;
  readonly columns: number | undefined;
  readonly verbosity: 'quiet' | 'normal' | 'verbose';
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly self: readonly [string, ...string[]];
}

export interface RememberedIo extends CommandIo {
  /** What was written so far, as text. */
  readonly output: { stdout: string; stderr: string };
  /** The same for standard output, byte for byte. */
  readonly bytes: () => Buffer;
}

export interface World
  extends Partial<Pick<CommandIo, 'cwd' | 'env' | 'isTty' | 'isStdoutTty' | 'columns' | 'verbosity' | 'self'>> {
  /** What is piped in. Default: nothing. */
  readonly stdin?: string | Uint8Array;
  /** Aborted when the user presses Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** A world for commands that keeps what they write. */
export function rememberedIo(world: World = {}): RememberedIo {
  const output = { stdout: '', stderr: '' };
  const written: Buffer[] = [];
  return {
    output,
    bytes: () => Buffer.concat(written),
    openStdin: () => Readable.from([Buffer.from(world.stdin ?? '')]),
    readStdin: async () => Buffer.from(world.stdin ?? ''),
    stdout: {
      write: (data) => {
        written.push(Buffer.from(data));
        output.stdout += Buffer.from(data).toString();
      },
    },
    stderr: { write: (text) => (output.stderr += text) },
    interruptible: (work) => work(world.signal ?? new AbortController().signal),
    isTty: world.isTty ?? false,
    isStdoutTty: world.isStdoutTty ?? false,
    columns: world.columns,
    verbosity: world.verbosity ?? 'normal',
    cwd: world.cwd ?? process.cwd(),
    env: world.env ?? {},
    self: world.self ?? [process.execPath],
  };
}
