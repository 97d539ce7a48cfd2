import type { EndingServer, Interpreter } from '../../cpython/interpreter.ts';
import { deliverLines, type OutputLine, type OutputListener } from '../output.ts';

/** Fetches the lines that plugins print and log during calls on this thread. Takes the GIL. */
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

  /** Attributes the output of code in a folder to a plugin. */
  claim(folder: string, plugin: string): void {
    this.#interpreter.invoke('output_lines.claim', this.#lines, folder, plugin);
  }

  /** Delivers the lines so far. */
  readonly drain = (): void => {
    // A listener may have closed the host, which has delivered the last lines.
    if (!this.#open) return;
    this.takeLines(this.#interpreter.invoke('output_lines.take', this.#lines) as readonly OutputLine[]);
  };

  readonly takeLines = (lines: readonly OutputLine[]): void => deliverLines(lines, this.#listener);

  close(): void {
    this.#open = false;
    this.#interpreter.servers.delete(this);
    this.takeLines(this.#interpreter.invoke('output_lines.stop', this.#lines) as readonly OutputLine[]);
  }
}
