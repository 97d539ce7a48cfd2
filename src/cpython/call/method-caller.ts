import type { MethodCodec } from '../../codec/method-codec.ts';
import { pluginClosed } from '../../protocol/call-errors.ts';
import { type ErrorDescription, toCallError } from '../../protocol/error-description.ts';
import { isInternalPythonError } from '../api/exception.ts';
import type { Null, Ptr } from '../api/pointers.ts';
import type { GilTrampoline, TrampolineTarget } from '../gil/gil-trampoline.ts';
import type { CallContext } from './call-context.ts';

/** What is being called, and how errors name it. */
export interface Callee extends TrampolineTarget {
  /** 0 where the callable is looked up by number and index. */
  readonly callable: Ptr | Null;
  /** What its calls run in; absent where Python sees to that. */
  readonly context: CallContext | undefined;
  /** The plugin was closed, and {@link callable} was given back. */
  closed: boolean;
  readonly plugin: string;
  readonly method: string;
}

/** Reading arguments runs code of the caller, such as getters, which may have closed the plugin. To be asked after that. */
export function checkStillOpen({ closed, plugin }: Callee): void {
  if (closed) throw pluginClosed(plugin);
}

/** Calls Python on the calling thread and brings back what it returned or raised. */
export interface MethodCaller {
  callSync(callee: Callee, codec: MethodCodec, args: readonly unknown[]): unknown;
}

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
