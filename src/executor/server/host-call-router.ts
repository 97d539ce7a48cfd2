import { encodeValue } from '../../codec/pickle/encode-value.ts';
import { describeThrown } from '../../errors/describe-thrown.ts';
import { FidiusError } from '../../errors/fidius-error.ts';
import type { HostMessage, ServerMessage } from '../../protocol/conversation.ts';
import { protocolViolation, readUint32 } from '../../protocol/frames.ts';
import type { ProvidedFunctions } from '../../protocol/host-functions.ts';
import { type HostCallChain, runHostFunction } from '../host-call-chain.ts';

/** Bytes of a call before its arguments: key of the plugin, position of the interface, whether it blocks the event loop. */
const headBytes = 7;

const noBytes = new Uint8Array(0);

type HostCallMessage = Extract<ServerMessage, { readonly kind: 'hostCall' }>;

/** A plugin that may call host functions. */
export interface HostFunctionUser {
  /** Identifies it to the server. */
  readonly key: number;
  readonly plugin: string;
  readonly functions: ProvidedFunctions;
  /** The calls of host functions that run. */
  readonly running: Set<RunningCall>;
}

/** A host function that runs. Its signal is created when it is asked for. */
class RunningCall {
  readonly plugin: string;
  /** Number of the call of the plugin that made it; 0 if none did. */
  readonly call: number;
  /** Its own number. */
  readonly number: number;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(plugin: string, call: number, number: number) {
    this.plugin = plugin;
    this.call = call;
    this.number = number;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort(notNeeded(this.plugin));
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(notNeeded(this.plugin));
  }
}

function notNeeded(plugin: string): FidiusError {
  return new FidiusError('FIDIUS_CALL_ABORTED', `The call of ${plugin} that needed the host function has ended`);
}

/** Runs the host functions that the plugins of one connection call, and sends the results. */
export class HostCallRouter {
  readonly #send: (call: number, message: HostMessage) => void;
  readonly #users = new Map<number, HostFunctionUser>();
  #lastKey = 0;
  /** What host functions threw, by the number of the host call, for calls of plugins that have not ended. */
  readonly #thrown = new Map<number, Map<number, unknown>>();
  /** The chain in which each call of a plugin was made, if it was made by a host function. */
  readonly #chains = new Map<number, HostCallChain>();

  constructor(send: (call: number, message: HostMessage) => void) {
    this.#send = send;
  }

  /** A plugin is being loaded. */
  add(plugin: string, functions: ProvidedFunctions): HostFunctionUser {
    this.#lastKey += 1;
    const user = { key: this.#lastKey, plugin, functions, running: new Set<RunningCall>() };
    this.#users.set(user.key, user);
    return user;
  }

  /** It was unloaded, or its load has failed. */
  remove(user: HostFunctionUser): void {
    this.#users.delete(user.key);
    for (const each of user.running) each.abort();
  }

  /** A call of a plugin was made, inside of a host function. */
  started(call: number, chain: HostCallChain): void {
    this.#chains.set(call, chain);
  }

  /** A call of a plugin was cancelled: nothing needs the results of its host functions. */
  cancelled(call: number): void {
    if (call === 0) return;
    for (const { running } of this.#users.values()) {
      for (const each of running) {
        if (each.call !== call || each.isAborted) continue;
        each.abort();
        // Wakes a thread that reads the result itself.
        this.#send(call, { kind: 'hostResult', number: each.number, raised: true, payload: noBytes });
      }
    }
  }

  /**
   * A call has ended. It may be told more than once.
   *
   * @returns what the host functions threw during the call, by the numbers of their calls, the first time.
   */
  ended(call: number): ReadonlyMap<number, unknown> | undefined {
    if (this.#chains.size > 0) this.#chains.delete(call);
    const thrown = this.#thrown.get(call);
    if (thrown !== undefined) this.#thrown.delete(call);
    return thrown;
  }

  /** The connection has ended. */
  close(): void {
    for (const user of this.#users.values()) this.remove(user);
    this.#thrown.clear();
    this.#chains.clear();
  }

  /** A plugin calls a host function. @throws FidiusError `FIDIUS_WIRE_CORRUPT`. */
  received(call: number, { number, function: index, payload }: HostCallMessage): void {
    if (payload.length < headBytes) {
      throw protocolViolation(`The call server sent a call of a host function with ${payload.length} bytes`);
    }
    const key = readUint32(payload, 0);
    const position = (payload[4] as number) | ((payload[5] as number) << 8);
    const blocksLoop = payload[6] !== 0;
    const user = this.#users.get(key);
    if (user === undefined) {
      this.#fail(call, number, new FidiusError('FIDIUS_PLUGIN_CLOSED', 'The plugin was closed'));
      return;
    }
    const running = new RunningCall(user.plugin, call, number);
    user.running.add(running);
    try {
      // The arguments are decoded before this returns: the frame is overwritten by the next one.
      const result = runHostFunction(user, blocksLoop, this.#chains.get(call), () =>
        user.functions.call(position, index, payload.subarray(headBytes), running),
      );
      if (result instanceof Uint8Array) this.#end(user, running, { payload: result });
      else void this.#endLater(user, running, result);
    } catch (thrown) {
      this.#end(user, running, { thrown });
    }
  }

  async #endLater(user: HostFunctionUser, running: RunningCall, result: Promise<Uint8Array>): Promise<void> {
    try {
      this.#end(user, running, { payload: await result });
    } catch (thrown) {
      this.#end(user, running, { thrown });
    }
  }

  #end(
    user: HostFunctionUser,
    running: RunningCall,
    outcome: { readonly payload: Uint8Array } | { readonly thrown: unknown },
  ): void {
    user.running.delete(running);
    const { call, number } = running;
    if (running.isAborted) return;
    if ('payload' in outcome) this.#send(call, { kind: 'hostResult', number, raised: false, payload: outcome.payload });
    else this.#fail(call, number, outcome.thrown);
  }

  #fail(call: number, number: number, thrown: unknown): void {
    if (call !== 0) {
      const thrownByCall = this.#thrown.get(call);
      if (thrownByCall === undefined) this.#thrown.set(call, new Map([[number, thrown]]));
      else thrownByCall.set(number, thrown);
    }
    this.#send(call, { kind: 'hostResult', number, raised: true, payload: encodeValue(describeThrown(thrown)) });
  }
}
