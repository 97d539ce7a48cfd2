"""Watching code objects by events of ``sys.monitoring``: CPython 3.12 and later.

A code object is watched on all threads. What runs it besides the thread that is to be stopped pays for a call of a Python
function at the start of each statement and loop, as long as it is watched.
"""

import sys
import threading

from . import stoppable

available = hasattr(sys, "monitoring")

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
    _active[interruption.ident] = interruption
    known = {id(code) for code in interruption.frames}
    for frame in frames:
        code = frame.f_code
        if id(code) not in known:
            known.add(id(code))
            interruption.frames.append(code)
    # Each time: another interruption may have ended in the same moment, and stopped the events.
    for code in interruption.frames:
        sys.monitoring.set_local_events(tool, code, sys.monitoring.events.INSTRUCTION)


def unwatch(interruption):
    if _active.get(interruption.ident) is interruption:
        del _active[interruption.ident]
    codes = interruption.frames[:]
    interruption.frames.clear()
    for code in codes:
        if not any(code is other for each in list(_active.values()) for other in list(each.frames)):
            sys.monitoring.set_local_events(_tool, code, 0)


def release(interruption):
    """Nothing is left behind by ``unwatch``."""


def _claim():
    """A tool id; the numbers with a meaning are left to those whom they are meant for. ``None`` when all are taken."""
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
        if interruption.visit(sys._getframe(1), offset):
            return None
    elif offset in stoppable.points_of(code).all:
        return None
    return sys.monitoring.DISABLE
