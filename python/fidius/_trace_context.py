"""The trace that a call belongs to."""

from __future__ import annotations

import sys


def trace_context() -> dict[str, str]:
    """Return the W3C trace context of the running call: ``traceparent`` and, if there is one, ``tracestate``.

    It is the carrier that ``TraceContextTextMapPropagator().extract()`` of OpenTelemetry takes. Empty outside of a call, in a
    thread that the plugin has started without the context of a call, and if the host passes none.
    """
    # The SDK does not import the host's code: a package may bring the SDK to another host.
    runner = sys.modules.get("fidius_host.calls.call_runner")
    header = None if runner is None else runner.trace_context.get()
    if not header:
        return {}
    parent, _, state = header.partition("\n")
    return {"traceparent": parent, "tracestate": state} if state else {"traceparent": parent}
