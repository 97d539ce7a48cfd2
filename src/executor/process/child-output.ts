import type { Readable } from 'node:stream';
import type { OutputEvent } from '../output.ts';

/** Text at the end of stderr that is kept, in characters. */
const keptCharacters = 16_384;
/** A longer line is delivered in parts. */
const longestLine = 65_536;

/** Splits a stream of a process into lines. */
export class LineReader {
  #partial = '';
  readonly #onLine: (line: string) => void;

  constructor(stream: Readable, onLine: (line: string) => void) {
    this.#onLine = onLine;
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#take(text));
    stream.once('close', () => this.#end());
    // A broken pipe is the end of the output.
    stream.on('error', () => {});
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
    while (this.#partial.length >= longestLine) {
      this.#onLine(this.#partial.slice(0, longestLine));
      this.#partial = this.#partial.slice(longestLine);
    }
  }

  #end(): void {
    if (this.#partial !== '') this.#onLine(this.#partial);
    this.#partial = '';
  }
}

/** Keeps the last lines of a stream. */
export class Tail {
  #lines: string[] = [];
  #characters = 0;

  add(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length + 1;
    while (this.#characters > keptCharacters && this.#lines.length > 1) {
      this.#characters -= (this.#lines.shift() as string).length + 1;
    }
  }

  toString(): string {
    return this.#lines.join('\n').trimEnd();
  }
}

/** Receives what a process writes to its standard streams without Python, such as the output of C code. */
export type ProcessOutputListener = (stream: Extract<OutputEvent['stream'], 'stdout' | 'stderr'>, line: string) => void;
