"""Watching code objects by events of ``sys.monitoring``: CPython 3.12 and later.

Events come on every thread that runs the code. A frame is therefore watched in two steps, so that calls of the same code on
other threads stay fast. While it is suspended, only the instructions are watched at which it can go on. When the thread to
be stopped comes to one of them, the whole code is watched until it is suspended again.
"""

import sys
import threading

from . import safe_points

available = hasattr(sys, "monitoring")

_WHOLE = None
_UNKNOWN = (None, frozenset())

_get_ident = threading.get_ident
_active = {}
"""The interruption of each thread that is to be stopped."""

_tool = None


def prepare():
    """Nothing: a tool id is taken when it is needed."""


def this_thread():
    return None


def watch(interruption, frames):
    """Have the thread call ``visit`` before each instruction of the code of these frames."""
    tool = _claim()
    if tool is None:
        return
    watched = {}
    for frame in frames:
        code = frame.f_code
        known = watched.get(id(code), _UNKNOWN)[1]
        watched[id(code)] = (code, known | safe_points.points_of(code).after(frame.f_lasti))
    before = interruption.watched
    interruption.watched = watched
    _active[interruption.ident] = interruption
    for code, offsets in list(watched.values()):
        if offsets is _WHOLE:
            continue  # the thread has come by in the meantime
        known = before.get(id(code), _UNKNOWN)[1]
        if known is _WHOLE or offsets <= known:
            # Another interruption may have ended in the same moment, and stopped the events.
            sys.monitoring.set_local_events(tool, code, sys.monitoring.events.INSTRUCTION)
        else:
            _watch_all(code)
    _drop(before, watched)


def unwatch(interruption):
    if _active.get(interruption.ident) is interruption:
        del _active[interruption.ident]
    before, interruption.watched = interruption.watched, {}
    _drop(before, {})


def release(interruption):
    """Nothing is left behind by ``unwatch``."""


def _drop(before, watched):
    for key, (code, _) in before.items():
        if key not in watched and not any(key in each.watched for each in list(_active.values())):
            sys.monitoring.set_local_events(_tool, code, 0)


def _watch_all(code):
    """Have events for all instructions, including those that were left out until now."""
    sys.monitoring.set_local_events(_tool, code, 0)
    sys.monitoring.set_local_events(_tool, code, sys.monitoring.events.INSTRUCTION)


def _claim():
    """A tool id; the numbers with a meaning are left to the tools they are meant for. ``None`` when all are taken."""
    global _tool
    if _tool is None:
        for number in (4, 3, 5, 2, 1, 0):
            if sys.monitoring.get_tool(number) is None:
                sys.monitoring.use_tool_id(number, "fidius")
                sys.monitoring.register_callback(number, sys.monitoring.events.INSTRUCTION, _at_instruction)
                _tool = number
                break
    return _tool


def _at_instruction(code, offset):
    interruption = _active.get(_get_ident())
    if interruption is not None:
        watched = interruption.watched  # another thread may put another dictionary in its place
        _, offsets = watched.get(id(code), _UNKNOWN)
        if offsets is not _WHOLE and offset in offsets:
            offsets = _WHOLE
            watched[id(code)] = (code, _WHOLE)
            _watch_all(code)
        if offsets is _WHOLE:
            interruption.visit(sys._getframe(1), offset)
    for each in list(_active.values()):
        offsets = each.watched.get(id(code), _UNKNOWN)[1]
        if offset in (safe_points.points_of(code).all if offsets is _WHOLE else offsets):
            return None
    return sys.monitoring.DISABLE
