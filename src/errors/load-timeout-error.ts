import { FidiusError, nameErrorClass } from './fidius-error.ts';

/** A line of Python code. */
export interface CodePlace {
  readonly file: string;
  readonly line: number;
  /** Name of the function; `<module>` for what runs when a module is imported. */
  readonly function: string;
}

/** What is known about a load whose time was over. */
export interface LoadStand {
  /** What Python was running: its innermost frame. Unknown when Python did not answer, being busy in code in C. */
  readonly stoodAt?: CodePlace | undefined;
  /** The innermost line of the package itself, where that is another one. */
  readonly calledFrom?: CodePlace | undefined;
  /** Whether it waited for another load to end. */
  readonly waited?: boolean | undefined;
}

/** Raised when loading took longer than `loadTimeoutMs`; tells what it was doing. */
export class LoadTimeoutError extends FidiusError implements LoadStand {
  readonly plugin: string;
  readonly timeoutMs: number;
  readonly stoodAt: CodePlace | undefined;
  readonly calledFrom: CodePlace | undefined;
  readonly waited: boolean;

  static {
    nameErrorClass(this);
  }

  constructor(request: { readonly plugin: string; readonly folder: string }, timeoutMs: number, stand: LoadStand) {
    const { stoodAt, calledFrom, waited = false } = stand;
    super(
      'FIDIUS_LOAD_TIMEOUT',
      `Loading ${request.plugin} from ${request.folder} timed out after ${timeoutMs} ms${describeStand(stand)}`,
      {
        hint: waited
          ? 'Find the load that does not end: imports of all plugins take turns.'
          : 'See what its module does while it is imported, or allow more time with `loadTimeoutMs`.',
      },
    );
    this.plugin = request.plugin;
    this.timeoutMs = timeoutMs;
    this.stoodAt = stoodAt;
    this.calledFrom = calledFrom;
    this.waited = waited;
  }
}

function describeStand({ stoodAt, calledFrom, waited }: LoadStand): string {
  if (waited === true) return ', while it waited for another load to end';
  if (stoodAt === undefined) return '';
  const from = calledFrom === undefined ? '' : `, called from ${describePlace(calledFrom)}`;
  return `, in ${describePlace(stoodAt)}${from}`;
}

function describePlace({ file, line, function: name }: CodePlace): string {
  return `${name}${name.startsWith('<') ? '' : '()'} at ${file}:${line}`;
}
