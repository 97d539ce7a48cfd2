import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type DecodeOptions, decodeValue } from '../../../src/codec/pickle/decode-value.ts';
import { encodeValue } from '../../../src/codec/pickle/encode-value.ts';
import type { Python } from '../../support/pythons.ts';

const program = fileURLToPath(new URL('value_peer.py', import.meta.url));
const runtime = fileURLToPath(new URL('../../../runtime', import.meta.url));

/** What Python could not return, in its own words. */
export class Refused extends Error {
  readonly code: string;
  readonly hint: string;

  constructor([code, message, hint]: readonly [string, string, string]) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

interface Question extends DecodeOptions {
  /** Have the answer written by the writer that Python falls back on. */
  readonly slow?: boolean;
}

/** A real Python that evaluates expressions, for tests of values without an embedded interpreter. */
export class ValuePeer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #received: Buffer[] = [];

  constructor(python: Python) {
    this.#child = spawn(python.executable, ['-B', program], {
      env: { ...process.env, PYTHONPATH: runtime },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#received.push(chunk));
  }

  /** The value of an expression over `args` (the first of them is `arg`). Statements end with a line break. */
  async evaluate(expression: string, args: readonly unknown[] = [], question: Question = {}): Promise<unknown> {
    const answer = await this.answer(expression, args, question);
    const value = decodeValue(answer.subarray(1), answer[0] === 0 ? question : {});
    if (answer[0] === 1) throw new Refused(value as [string, string, string]);
    if (answer[0] !== 0) throw new Error(`Python raised ${String(value)}`);
    return value;
  }

  /** The bytes that Python sends for an expression, as they come. */
  async bytes(expression: string): Promise<Uint8Array> {
    const answer = await this.answer(expression, [], {});
    return answer.subarray(1);
  }

  async answer(expression: string, args: readonly unknown[], { slow = false }: Question): Promise<Uint8Array> {
    const question = encodeValue([expression, args, slow]);
    const header = Buffer.alloc(4);
    header.writeUInt32LE(question.length);
    this.#child.stdin.write(header);
    this.#child.stdin.write(question);
    const size = (await this.#take(4)).readUInt32LE();
    return this.#take(size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exit;
  }

  async #take(size: number): Promise<Buffer> {
    let length = this.#received.reduce((sum, chunk) => sum + chunk.length, 0);
    while (length < size) {
      const [chunk] = (await once(this.#child.stdout, 'data')) as [Buffer];
      length += chunk.length;
    }
    const all = Buffer.concat(this.#received);
    this.#received = [all.subarray(size)];
    return all.subarray(0, size);
  }
}
