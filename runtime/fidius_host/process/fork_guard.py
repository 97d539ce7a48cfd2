"""Ends a forked copy of the host before it returns to JavaScript."""

import os
import sys

EXIT_CODE = 70
"""Exit code of a forked copy that has not exited by itself: ``EX_SOFTWARE``."""

_MESSAGE = (
    b"fidius: a forked copy of this process returned from a plugin and was ended: it cannot run JavaScript\n"
    b"  hint: End it with os._exit() or os.exec*(), or use subprocess or multiprocessing.\n"
)


def install():
    """End every child that Python forks from now on when it returns from the plugin."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_guard)


def end_child():
    try:
        os.write(2, _MESSAGE)
    finally:
        os._exit(EXIT_CODE)


def _guard():
    """End this child as soon as the outermost Python function of its only thread returns or raises.

    Until then it may run any Python code, as ``multiprocessing`` does. But it has a single thread, some locks of Node
    stay locked, and V8's heap is not copied into forked processes: a single step of JavaScript would crash it.
    """
    caller = sys._getframe().f_back
    if caller is None:
        end_child()  # the method that was called is `os.fork` itself
    if caller.f_globals.get("__name__") == "multiprocessing.popen_fork":
        return  # never returns, and must not be slowed down by tracing
    outermost = caller
    while outermost.f_back is not None:
        outermost = outermost.f_back
    outermost.f_trace_lines = False
    outermost.f_trace = _end_at_return
    if sys.gettrace() is None:
        sys.settrace(_trace_nothing)


def _end_at_return(frame, event, argument):
    if event == "return":
        end_child()
    return _end_at_return


def _trace_nothing(frame, event, argument):
    return None
