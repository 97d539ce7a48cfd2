"""Reports on the progress of a call."""

from __future__ import annotations

import sys
from typing import Optional


def progress(fraction: Optional[float] = None, message: Optional[str] = None) -> None:
    """Report how far the running call is. The caller receives it if it has asked for it.

    It does nothing outside of a call, in a thread that the plugin has started, and under a host that knows no progress.

    :param fraction: the part that is done, from 0 to 1; ``None`` if that is not known.
    :param message: what is being done.
    :raises TypeError: the fraction is not a number, or the message is not a str.
    :raises ValueError: the fraction is not from 0 to 1.
    """
    if fraction is not None:
        if isinstance(fraction, bool) or not isinstance(fraction, (int, float)):
            raise TypeError(f"fraction must be a number from 0 to 1, got {fraction!r}")
        fraction = float(fraction)
        if not 0.0 <= fraction <= 1.0:
            raise ValueError(f"fraction must be from 0 to 1, got {fraction!r}")
    if message is not None and not isinstance(message, str):
        raise TypeError(f"message must be a str, got {message!r}")
    # The SDK does not import the host's code: a package may bring the SDK to another host.
    server = sys.modules.get("fidius_host.server.call_server")
    if server is not None:
        server.report_progress(fraction, message)
