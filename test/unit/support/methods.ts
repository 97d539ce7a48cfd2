import { type CallableMethod, rawCodec } from '../../../src/codec/method-codec.ts';
import { untypedCodec } from '../../../src/codec/untyped-codec.ts';

/** The method at an index, called with values of no declared type. */
export function untypedMethod(index: number): CallableMethod {
  return { index, codec: untypedCodec };
}

/** The method at an index, called with bytes: `plugin.call(rawMethod(2), [bytes])`. */
export function rawMethod(index: number): CallableMethod {
  return { index, codec: rawCodec };
}
