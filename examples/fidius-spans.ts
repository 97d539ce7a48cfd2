import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { CallEvent, LoadEvent } from 'fidius';

/**
 * Makes a span of every load and every call from now on, each a child of the span that is active where it begins.
 *
 * @returns a function that ends this.
 */
export function traceFidius(tracer: Tracer): () => void {
  const loads = new Map<number, Span>();
  const calls = new Map<number, Span>();

  // `start` is published by the caller, so the active span is the parent. Where the other events come from is no matter.
  const onLoad = (message: unknown) => {
    const event = message as LoadEvent;
    if (event.phase === 'start') loads.set(event.id, tracer.startSpan(`load ${event.interface}`));
    else finish(loads, event, { 'fidius.plugin': event.plugin, 'fidius.executor': event.executor });
  };

  const onCall = (message: unknown) => {
    const event = message as CallEvent;
    const { id, phase, plugin, method, executor, queueMs, runMs, requestBytes, responseBytes } = event;
    if (phase === 'start') {
      const attributes = { 'fidius.plugin': plugin, 'fidius.method': method, 'fidius.executor': executor };
      calls.set(id, tracer.startSpan(`${plugin}.${method}`, { attributes }));
    } else if (phase !== 'outcome') {
      finish(calls, event, {
        'fidius.queue_ms': queueMs,
        'fidius.run_ms': runMs,
        'fidius.request_bytes': requestBytes,
        'fidius.response_bytes': responseBytes,
      });
    }
  };

  subscribe('fidius:load', onLoad);
  subscribe('fidius:call', onCall);
  return () => {
    unsubscribe('fidius:load', onLoad);
    unsubscribe('fidius:call', onCall);
  };
}

function finish(
  spans: Map<number, Span>,
  { id, phase, error }: { id: number; phase: string; error?: unknown },
  attributes: Record<string, string | number | undefined>,
): void {
  const span = spans.get(id); // none when it began before anybody listened
  if (span === undefined) return;
  spans.delete(id);
  span.setAttributes(attributes);
  if (phase === 'error') {
    const exception = error instanceof Error ? error : new Error(String(error));
    span.recordException(exception);
    span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
  }
  span.end();
}
