"""Waking coroutines from other threads."""


def settle_soon(loop, future):
    """Settle a future of a loop of another thread."""
    try:
        loop.call_soon_threadsafe(_set, future)
    except RuntimeError:
        pass  # the plugin has closed the loop: its thread answers the call


def _set(future):
    if not future.done():
        future.set_result(None)
