import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { decodeValue } from '../../src/codec/pickle/decode-value.ts';
import { FrameReader } from '../../src/executor/server/frame-reader.ts';
import { frameType, headerBytes, writeHeader } from '../../src/protocol/frames.ts';
import { findPythons } from '../../test/support/pythons.ts';
import type { FuzzTarget } from './target.ts';

// Opcodes of pickle.
const words = [
  '(',
  '.',
  '0',
  '1',
  '2',
  'K\x05',
  'N',
  ')',
  ']',
  '}',
  '\x8f',
  '\x85',
  '\x86',
  '\x87',
  '\x94',
  'h\0',
  'j\0\0\0\0',
  'a',
  'e',
  's',
  'u',
  '\x90',
  '\x91',
  'R',
  '\x93',
  '\x95',
  '\x96',
  '\x97',
  '\x98',
  '\x8c\x01a',
  '\x8b\xff\xff\xff\x7f',
  '\x8d\xff\xff\xff\xff\xff\xff\0\0',
];
export const valueTargets: readonly FuzzTarget[] = [
  {
    name: 'values',
    samples: writtenByPython,
    words,
    read: (input) => {
      decodeValue(input);
      decodeValue(input, { integralFloats: 'wrapped' });
    },
  },
  {
    name: 'frames',
    samples: () => [Buffer.concat(writtenByPython().map((payload) => frame(frameType.returned, payload)))],
    words: ['\0\0\0\x40', '\xff\xff\xff\xff', '\0'.repeat(16)],
    read: (input) => {
      const whole = framesOf(input, input.length);
      if (framesOf(input, 7) !== whole) throw new Error('the frames depend on how their bytes arrive');
    },
  },
];

/** Values of every kind. */
function writtenByPython(): readonly [Buffer, ...Buffer[]] {
  const { executable } = findPythons().at(-1) ?? { executable: 'python3' };
  const [script, runtime] = ['python_values.py', '../../runtime'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const lines = execFileSync(executable, [script ?? '', runtime ?? ''], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return lines.map((line) => Buffer.from(line, 'hex')) as [Buffer, ...Buffer[]];
}

function frame(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(headerBytes);
  writeHeader(header, 0, type, 0, 0, 1, 0, payload.length);
  return Buffer.concat([header, payload]);
}

/** The frames that come out, in one text; bytes go in piece by piece. */
function framesOf(input: Buffer, pieceBytes: number): string {
  const found: string[] = [];
  const reader = new FrameReader((type, flags, method, call, value, payload) => {
    found.push([type, flags, method, call, value, createHash('sha256').update(payload).digest('hex')].join());
  });
  try {
    for (let at = 0; at < input.length; ) {
      const room = reader.room();
      const count = Math.min(room.length, pieceBytes, input.length - at);
      if (count === 0) throw new Error('there is no room for what comes next');
      input.copy(room, 0, at, at + count);
      at += count;
      reader.take(count);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'FIDIUS_WIRE_CORRUPT')) throw error;
    found.push('corrupt');
  }
  return found.join('\n');
}
