import type { EndingServer, Interpreter } from '../cpython/interpreter.ts';
import { type OutputLine, type OutputListener, passOn } from './output.ts';

/** Fetches what plugins print and log, for calls on this thread. Takes the lock. */
export class InlineOutput implements EndingServer {
  readonly number = 0;
  readonly #interpreter: Interpreter;
  readonly #listener: OutputListener;
  readonly #lines: number;
  #open = true;

  constructor(interpreter: Interpreter, listener: OutputListener) {
    this.#interpreter = interpreter;
    this.#listener = listener;
    this.#lines = interpreter.invoke('output_lines.start') as number;
    interpreter.servers.add(this);
  }

  /** Counts what code in a folder writes as written by a plugin. */
  claim(folder: string, plugin: string): void {
    this.#interpreter.invoke('output_lines.claim', this.#lines, folder, plugin);
  }

  /** Passes on the lines so far. */
  readonly drain = (): void => {
    // A listener may have closed the host: then the last lines have been passed on, by closing.
    if (!this.#open) return;
    this.takeLines(this.#interpreter.invoke('output_lines.take', this.#lines) as readonly OutputLine[]);
  };

  readonly takeLines = (lines: readonly OutputLine[]): void => passOn(lines, this.#listener);

  close(): void {
    this.#open = false;
    this.#interpreter.servers.delete(this);
    this.takeLines(this.#interpreter.invoke('output_lines.stop', this.#lines) as readonly OutputLine[]);
  }
}
