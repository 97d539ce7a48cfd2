/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `limit - 1`; 0 when there is none. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }
}

/** A random number generator for one input: runs can begin at any of them. */
export function randomFor(seed: number, index: number): Random {
  return new Random(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
}

const largest = 128 * 1024;
const numbers: readonly [string, ...string[]] = [
  '0',
  '-1',
  '9007199254740993',
  '99999999999999999999',
  '1e309',
  '0x7fffffff',
  'nan',
];

/**
 * An input made from valid ones by one to eight changes: bits and bytes, cuts, repetitions, parts of another input, and words of
 * the format in places where they do not belong.
 */
export function mutated(samples: readonly [Buffer, ...Buffer[]], words: readonly string[], random: Random): Buffer {
  let data: Buffer = random.pick(samples);
  for (let changes = 1 + random.below(8); changes > 0; changes -= 1) {
    data = change(data, samples, words, random).subarray(0, largest);
  }
  return data;
}

type Change = (
  data: Buffer,
  random: Random,
  samples: readonly [Buffer, ...Buffer[]],
  words: readonly string[],
) => Buffer;

const changes: readonly [Change, ...Change[]] = [
  (data, random) => replaceByte(data, random, (byte) => byte ^ (1 << random.below(8))),
  (data, random) => replaceByte(data, random, () => random.below(256)),
  (data, random) => replaceByte(data, random, () => random.pick([0, 0x0a, 0x7f, 0x80, 0xff])),
  (data, random) => {
    const [start, end] = span(data, random);
    return Buffer.concat([data.subarray(0, start), data.subarray(end)]);
  },
  (data, random) => data.subarray(0, random.below(data.length + 1)),
  (data, random) => {
    const [start, end] = span(data, random);
    const part = data.subarray(start, end);
    const times = random.pick([1, 1, 2, 10, 1000]);
    const repeated = Array.from({ length: Math.min(times, Math.ceil(largest / (part.length + 1))) }, () => part);
    return Buffer.concat([data.subarray(0, end), ...repeated, data.subarray(end)]);
  },
  (data, random, samples) => {
    const other = random.pick(samples);
    const [start, end] = span(other, random);
    return insert(data, random.below(data.length + 1), other.subarray(start, end));
  },
  (data, random, _samples, words) => {
    const word = words[random.below(words.length)] ?? random.pick(numbers);
    return insert(data, random.below(data.length + 1), Buffer.from(word, 'latin1'));
  },
  (data, random) => insert(data, random.below(data.length + 1), Buffer.from(random.pick(numbers))),
];

function change(...[data, samples, words, random]: Readonly<[Buffer, ...Parameters<typeof mutated>]>): Buffer {
  return random.pick(changes)(data, random, samples, words);
}

function replaceByte(data: Buffer, random: Random, by: (byte: number) => number): Buffer {
  if (data.length === 0) return data;
  const changed = Buffer.from(data);
  const at = random.below(data.length);
  changed[at] = by(changed[at] ?? 0);
  return changed;
}

/** A part of the data, short more often than long. */
function span(data: Buffer, random: Random): readonly [start: number, end: number] {
  const start = random.below(data.length);
  const length = random.below(random.pick([4, 16, 64, data.length]));
  return [start, Math.min(data.length, start + length + 1)];
}

function insert(data: Buffer, at: number, part: Buffer): Buffer {
  return Buffer.concat([data.subarray(0, at), part, data.subarray(at)]);
}
