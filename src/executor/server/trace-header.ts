import { emitSafely } from '../../node/timers.ts';
import type { ExecutorOptions, TraceContext } from '../executor-options.ts';

const parentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What a header may hold, and the most that tracing systems must pass on. */
const stateForm = /^[ -~]{1,512}$/;

/**
 * Asks for the trace context of the running code, and encodes it: its length in two bytes, `traceparent`, a line break,
 * `tracestate`.
 *
 * @returns `undefined` if there is none, or none of the form of W3C: tracing must not fail calls. What the function throws is an
 *   uncaught exception.
 */
export function encodeTraceContext(traceContext: NonNullable<ExecutorOptions['traceContext']>): Uint8Array | undefined {
  let found: TraceContext | undefined;
  emitSafely(() => {
    found = traceContext();
  }, undefined);
  const { traceparent, tracestate = '' } = (found ?? {}) as Partial<TraceContext>;
  if (typeof traceparent !== 'string' || !parentForm.test(traceparent)) return undefined;
  const state = stateForm.test(tracestate) ? tracestate : '';
  const text = Buffer.from(`\0\0${traceparent}\n${state}`, 'latin1');
  text.writeUInt16LE(text.length - 2);
  return text;
}
