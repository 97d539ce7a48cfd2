import { type DecodeOptions, decodeValue } from '../wire/decode.ts';
import type { MethodCodec } from '../wire/method-codec.ts';
import { writeUntypedArguments } from '../wire/untyped-arguments.ts';
import { type ErrorDescription, toCallError } from './call-error.ts';
import type { Door } from './door.ts';
import { isRuntimeFailure } from './exception.ts';
import { type Callee, checkStillOpen, type MethodCaller } from './method-caller.ts';

const tagged: DecodeOptions = { wholeFloats: 'tagged' };

/** Makes calls through the door: every value is encoded, and the lock is never held between two steps of JavaScript. */
export class DoorCaller implements MethodCaller {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  untyped(callee: Callee, args: readonly unknown[]): unknown {
    const { number, index } = callee;
    const result = explained(callee, () =>
      this.#door.call(number, index, (writer) => {
        writeUntypedArguments(writer, args);
        checkStillOpen(callee);
      }),
    );
    return decodeValue(result);
  }

  typed(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const { number, index } = callee;
    const result = explained(callee, () =>
      this.#door.call(number, index, (writer) => {
        codec.writeArguments(writer, args);
        checkStillOpen(callee);
      }),
    );
    return codec.readResult(decodeValue(result, tagged));
  }

  raw(callee: Callee, input: Uint8Array): Uint8Array {
    // A copy, because the reply has a byte in front.
    return new Uint8Array(explained(callee, () => this.#door.callRaw(callee.number, callee.index, input)));
  }
}

/** Turns what Python raised into the error of a call. */
function explained<T>({ plugin, method }: Callee, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw isRuntimeFailure(error) ? toCallError(error.data as ErrorDescription, plugin, method) : error;
  }
}
