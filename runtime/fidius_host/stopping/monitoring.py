"""Watches code objects by events of ``sys.monitoring``: CPython 3.12 and later.

Every thread that runs the code gets the events. To keep calls of the same code on other threads fast, a frame is
watched in two steps. While it is suspended, only the instructions are watched at which it can continue. When the thread
to be stopped reaches one of them, all instructions are watched until the frame is suspended again.
"""

import sys
import threading

from . import safe_points

available = hasattr(sys, "monitoring")

_ALL = None
_UNKNOWN = (None, frozenset())

_get_ident = threading.get_ident
_active = {}
"""The interruption of each thread that must be stopped, by ident."""

_tool = None


def prepare():
    """Do nothing: a tool id is taken when it is needed."""


def this_thread():
    return None


def watch(interruption, frames):
    """Have the thread call ``at_instruction`` before each instruction of the code of these frames."""
    tool = _claim()
    if tool is None:
        return
    watched = {}
    for frame in frames:
        code = frame.f_code
        known = watched.get(id(code), _UNKNOWN)[1]
        watched[id(code)] = (code, known | safe_points.points_of(code).resume_points(frame.f_lasti))
    before = interruption.watched
    interruption.watched = watched
    _active[interruption.ident] = interruption
    for code, offsets in list(watched.values()):
        if offsets is _ALL:
            continue  # the thread has reached the code in the meantime
        known = before.get(id(code), _UNKNOWN)[1]
        if known is _ALL or offsets <= known:
            # Another interruption may have ended at the same time and disabled the events.
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
    """Do nothing: ``unwatch`` has removed everything."""


def _drop(before, watched):
    for key, (code, _) in before.items():
        if key not in watched and not any(key in each.watched for each in list(_active.values())):
            sys.monitoring.set_local_events(_tool, code, 0)


def _watch_all(code):
    """Enable events for all instructions, including those that were disabled."""
    sys.monitoring.set_local_events(_tool, code, 0)
    sys.monitoring.set_local_events(_tool, code, sys.monitoring.events.INSTRUCTION)


def _claim():
    """Return a tool id, preferably one without a predefined use; ``None`` if all are taken."""
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
        watched = interruption.watched  # read once: another thread may replace the dictionary
        _, offsets = watched.get(id(code), _UNKNOWN)
        if offsets is not _ALL and offset in offsets:
            offsets = _ALL
            watched[id(code)] = (code, _ALL)
            _watch_all(code)
        if offsets is _ALL:
            interruption.at_instruction(sys._getframe(1), offset)
    for each in list(_active.values()):
        offsets = each.watched.get(id(code), _UNKNOWN)[1]
        if offset in (safe_points.points_of(code).all if offsets is _ALL else offsets):
            return None
    return sys.monitoring.DISABLE
