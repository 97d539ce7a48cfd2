import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFidiusError } from '../../../../src/errors/fidius-error.ts';
import { FrameReader } from '../../../../src/executor/server/frame-reader.ts';
import { maxPayloadBytes } from '../../../../src/protocol/frames.ts';
import { failureOf } from '../../../support/failure.ts';
import { frame } from '../../support/frames.ts';
import { feed } from '../../support/server-process.ts';

type Taken = readonly [
  type: number,
  flags: number,
  method: number,
  call: number,
  value: number,
  payload: readonly number[],
];

/** Reads a stream in pieces of some sizes, the last of which is repeated. @returns the frames. */
function takenFrom(stream: Uint8Array, pieces: readonly number[]): Taken[] {
  const taken: Taken[] = [];
  const frameReader = new FrameReader(
    (type, flags, method, call, value, payload) => void taken.push([type, flags, method, call, value, [...payload]]),
  );
  const reader = {
    room: () => frameReader.room(),
    take: (count: number) => frameReader.take(count),
    takeLines: () => {},
  };
  let at = 0;
  for (let index = 0; at < stream.length; index += 1) {
    const size = pieces[Math.min(index, pieces.length - 1)] as number;
    feed(reader, stream.subarray(at, at + size));
    at += size;
  }
  return taken;
}

const number = fc.integer({ min: 0, max: 0xffff_ffff });
const word = fc.integer({ min: 0, max: 0xffff });
const byte = fc.integer({ min: 0, max: 255 });
const anyFrame = fc.tuple(byte, byte, word, number, number, fc.uint8Array({ maxLength: 300 }));

describe('FrameReader', () => {
  it('gives the same frames however the stream is cut into pieces', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 });

    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 30 }), pieces, (frames, sizes) => {
        const stream = Buffer.concat(
          frames.map(([type, flags, method, call, plugin, payload]) =>
            frame(type, { flags, method, call, plugin, payload }),
          ),
        );

        const expected = frames.map(([type, flags, method, call, value, payload]) => [
          type,
          flags,
          method,
          call,
          value,
          [...payload],
        ]);
        expect(takenFrom(stream, sizes)).toEqual(expected);
      }),
    );
  });

  it('takes a frame that is larger than its buffer, and small ones after it', () => {
    const payload = Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251);
    const stream = Buffer.concat([frame(17, { call: 1 }), frame(17, { call: 2, payload }), frame(17, { call: 3 })]);

    const taken = takenFrom(stream, [65_536]);

    expect(taken.map(([, , , call]) => call)).toEqual([1, 2, 3]);
    expect(Buffer.compare(Uint8Array.from(taken[1]?.[5] ?? []), payload)).toBe(0);
  });

  it('rejects an impossible size before it allocates memory for it', async () => {
    const error = await failureOf(() => takenFrom(frame(17, { announced: maxPayloadBytes + 1 }), [5]));

    expect(error).toMatchObject({
      code: 'FIDIUS_WIRE_CORRUPT',
      message: `The call server announced a frame of ${maxPayloadBytes + 1} bytes, expected at most ${maxPayloadBytes}`,
    });
  });

  it('reads any bytes without other errors than FIDIUS_WIRE_CORRUPT', () => {
    const outcomeOf = (stream: Uint8Array): unknown => {
      try {
        takenFrom(stream, [100]);
        return undefined;
      } catch (error) {
        return isFidiusError(error) ? error.code : error;
      }
    };

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (stream) => {
        expect([undefined, 'FIDIUS_WIRE_CORRUPT']).toContain(outcomeOf(stream));
      }),
    );
  });
});
