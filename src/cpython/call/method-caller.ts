import type { MethodCodec } from '../../codec/method-codec.ts';
import { pluginClosed } from '../../protocol/call-errors.ts';
import type { Null, Ptr } from '../api/pointers.ts';
import type { TrampolineTarget } from '../gil/gil-trampoline.ts';
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
