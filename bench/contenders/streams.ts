import { streamLength } from '../operations.ts';
import type { Contender } from './contender.ts';

type Items<Item> = (length: number) => AsyncIterable<Item>;
type ImmediateItems<Item> = (length: number) => Iterable<Item>;

interface Awaited {
  readonly count_up: Items<number | bigint>;
  readonly stream_rows: Items<object>;
  readonly add: (a: number, b: number) => Promise<number | bigint>;
  readonly row: (number: number) => Promise<object>;
}

interface Immediate {
  readonly count_up: ImmediateItems<number | bigint>;
  readonly stream_rows: ImmediateItems<object>;
  readonly add: (a: number, b: number) => number | bigint;
  readonly row: (number: number) => object;
}

/** Streams of `plugin/bench_plugin.py`, and as many calls that give the same values, each awaited before the next. */
export function awaitedStreams(client: Awaited): Contender['calls'] {
  return {
    streamIntegers: async () => {
      let sum = 0;
      for await (const item of client.count_up(streamLength)) sum += Number(item);
      return sum;
    },
    callIntegers: async () => {
      let sum = 0;
      for (let number = 0; number < streamLength; number += 1) sum += Number(await client.add(number, 0));
      return sum;
    },
    streamRows: async () => {
      let count = 0;
      let last: object | undefined;
      for await (last of client.stream_rows(streamLength)) count += 1;
      return { count, last };
    },
    callRows: async () => {
      let last: object | undefined;
      for (let number = 0; number < streamLength; number += 1) last = await client.row(number);
      return { count: streamLength, last };
    },
  };
}

/** The same on the calling thread. */
export function immediateStreams(client: Immediate): Contender['calls'] {
  return {
    streamIntegers: () => {
      let sum = 0;
      for (const item of client.count_up(streamLength)) sum += Number(item);
      return sum;
    },
    callIntegers: () => {
      let sum = 0;
      for (let number = 0; number < streamLength; number += 1) sum += Number(client.add(number, 0));
      return sum;
    },
    streamRows: () => {
      let count = 0;
      let last: object | undefined;
      for (last of client.stream_rows(streamLength)) count += 1;
      return { count, last };
    },
    callRows: () => {
      let last: object | undefined;
      for (let number = 0; number < streamLength; number += 1) last = client.row(number);
      return { count: streamLength, last };
    },
  };
}
