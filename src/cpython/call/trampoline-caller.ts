import type { MethodCodec } from '../../codec/method-codec.ts';
import { type ErrorDescription, toCallError } from '../../protocol/error-description.ts';
import { isInternalPythonError } from '../api/exception.ts';
import type { GilTrampoline } from '../gil/gil-trampoline.ts';
import { type Callee, checkStillOpen, type MethodCaller } from './method-caller.ts';

/** Makes calls through the trampoline: every value is encoded, and the lock is never held between two steps of JavaScript. */
export class TrampolineCaller implements MethodCaller {
  readonly #trampoline: GilTrampoline;

  constructor(trampoline: GilTrampoline) {
    this.#trampoline = trampoline;
  }

  callSync(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown {
    const { plugin, method } = callee;
    let payload: Uint8Array;
    try {
      payload = this.#trampoline.call(callee, (writer) => {
        codec.writeArguments(writer, args);
        checkStillOpen(callee);
      });
    } catch (error) {
      throw isInternalPythonError(error) ? toCallError(error.data as ErrorDescription, plugin, method) : error;
    }
    return codec.decodeResult(payload, false);
  }
}
