import type { MethodCodec } from '../../codec/method-codec.ts';
import { isRuntimeFailure } from '../api/exception.ts';
import type { Door } from '../gil/gil-trampoline.ts';
import { type ErrorDescription, toCallError } from './error-description.ts';
import { type Callee, checkStillOpen, type MethodCaller } from './method-caller.ts';

/** Makes calls through the door: every value is encoded, and the lock is never held between two steps of JavaScript. */
export class DoorCaller implements MethodCaller {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  callSync(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const { plugin, method } = callee;
    let payload: Uint8Array;
    try {
      payload = this.#door.call(callee, (writer) => {
        codec.writeArguments(writer, args);
        checkStillOpen(callee);
      });
    } catch (error) {
      throw isRuntimeFailure(error) ? toCallError(error.data as ErrorDescription, plugin, method) : error;
    }
    return codec.decodeResult(payload, false);
  }
}
