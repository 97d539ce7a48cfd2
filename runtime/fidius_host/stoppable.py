"""Where an exception may be raised in plugin code: in which frames, and at which of their instructions."""

import bisect
import os
import sys
import types

from . import loading

_MACHINERY = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_STANDARD = os.path.dirname(os.__file__) + os.sep
_RUNTIME = os.path.dirname(__file__) + os.sep

_LOCK_FREE = frozenset(
    "ast base64 bisect calendar colorsys configparser copy csv decimal difflib email fnmatch fractions ftplib glob"
    " graphlib heapq html http imaplib ipaddress json keyword nntplib numbers os poplib posixpath pprint _pydecimal"
    " quopri re selectors smtplib socket sre_compile sre_parse ssl statistics string stringprep tarfile telnetlib"
    " textwrap token tokenize tomllib urllib xml xmlrpc".split()
)
"""Modules and packages of the standard library in which no lock is taken and no shared state is changed in steps."""

_LOCKING = frozenset(
    "_thread threading _threading_local queue _queue asyncio _asyncio concurrent multiprocessing _multiprocessing"
    " gevent eventlet trio anyio".split()
)


def frames(frame, libraries):
    """The frames of a thread, by its innermost one, in which it may be stopped once they are the innermost."""
    found = []
    libraries = libraries and is_lock_free(frame)
    while frame is not None:
        if is_packaged(frame):
            found.append(frame)
            libraries = False
        elif libraries:
            found.append(frame)
        frame = frame.f_back
    return found


def is_packaged(frame):
    """Whether a frame runs code of a package. Code out of ``exec`` is of the package if its caller is."""
    while frame is not None:
        file = frame.f_code.co_filename
        if loading.is_packaged(file):
            return True
        # Byte code without its source names the file it was made from.
        module = dict.get(frame.f_globals, "__file__")
        if type(module) is str and loading.is_packaged(module):
            return True
        if not _is_generated(file):
            return False
        frame = frame.f_back
    return False


def is_lock_free(frame):
    """Whether all that runs between the package and this frame is of libraries that are known to hold no lock."""
    while frame is not None:
        if is_packaged(frame):
            return True
        file = frame.f_code.co_filename
        if not _is_generated(file) and not _holds_no_lock(frame, file):
            return False
        frame = frame.f_back
    return False


def _is_generated(file):
    return file.startswith("<") and not file.startswith("<frozen")


def _holds_no_lock(frame, file):
    if file.startswith(_RUNTIME) or file.startswith("<"):
        return False
    names = frame.f_globals
    if file.startswith(_STANDARD) and "-packages" + os.sep not in file[len(_STANDARD) :]:
        name = dict.get(names, "__name__")
        return type(name) is str and name.partition(".")[0] in _LOCK_FREE
    return not any(_has_to_do_with_locks(value) for value in list(dict.values(names)))


def _has_to_do_with_locks(value):
    """Whether a global of a module is something that takes locks. Runs no code of the value."""
    kind = type(value)
    if kind is types.ModuleType:
        name = dict.get(types.ModuleType.__getattribute__(value, "__dict__"), "__name__")
    elif kind is type or kind is types.FunctionType or kind is types.BuiltinFunctionType:
        name = value.__module__
    else:
        name = type.__getattribute__(kind, "__module__")
    return type(name) is str and name.partition(".")[0] in _LOCKING


def is_whole(frame):
    """Whether an exception may pass the frames below: not in the midst of an import, but for a package's own module.

    A module of Python or of an installed library belongs to everybody: threads that wait for it would go on with the half of
    it that was run (``_lock_unlock_module`` returns whatever module it waited for), and one written in C cannot be imported
    again.
    """
    inner = None
    while frame is not None:
        if inner is not None and _is_machinery(frame) and not _is_machinery(inner) and not is_packaged(inner):
            return False
        inner, frame = frame, frame.f_back
    return True


def _is_machinery(frame):
    return frame.f_code.co_filename in _MACHINERY


# the instructions

_SETTING_UP = frozenset(
    "NOP SETUP_FINALLY SETUP_WITH SETUP_ASYNC_WITH BEFORE_WITH BEFORE_ASYNC_WITH LOAD_SPECIAL WITH_EXCEPT_START".split()
)
"""Instructions of a line ``try:`` or ``with …:``. The line of a ``with`` runs once more when its block is left."""

_KEEPING_ORDER = frozenset("__enter__ __exit__ __aenter__ __aexit__ __del__ acquire release close".split())
"""Functions that take something, or give it back."""

_REMEMBERED = 256

_points = {}


class Points:
    """Offsets of instructions of a function before which an exception may be raised."""

    __slots__ = ("code", "calm", "loops", "all", "_offsets", "_targets", "_handlers")

    def __init__(self, code):
        self.code = code
        """Kept, so that no other code gets its address."""
        instructions = _instructions(code)
        self.loops, every_loop, statements = _find(code, instructions)
        self.calm = frozenset() if code.co_name in _KEEPING_ORDER else self.loops | statements
        """The start of each pass through a loop, and of each statement that is neither ``try``, ``with`` nor in ``finally``."""
        self.all = self.calm | every_loop
        """The same with all loops, including those in ``finally`` and ``except``."""
        self._offsets = [each.offset for each in instructions]
        self._targets = {each.offset: each.argval for each in instructions if _jumps(each)}
        self._handlers = frozenset(each.offset for each in instructions if each.opname == "PUSH_EXC_INFO")

    def after(self, offset):
        """Where code goes on that was suspended at an offset, which may be that of a cache behind an instruction."""
        index = bisect.bisect_right(self._offsets, offset)
        found = set(self._handlers)
        found.update(self._offsets[index : index + 1])
        if index > 0:
            found.add(self._targets.get(self._offsets[index - 1], self._offsets[index - 1]))
        return frozenset(found)


def prepare():
    import dis  # noqa: F401


def points_of(code):
    points = _points.get(id(code))
    if points is None:
        if len(_points) >= _REMEMBERED:
            _points.clear()
        points = _points[id(code)] = Points(code)
    return points


def _instructions(code):
    import dis  # a few milliseconds that most hosts do not need

    return list(dis.get_instructions(code))


def _jumps(instruction):
    """Whether an instruction can go on elsewhere. ``FOR_ITER`` and ``SEND`` jump, too, but never back."""
    name = instruction.opname
    return type(instruction.argval) is int and ("JUMP" in name or name in ("FOR_ITER", "SEND"))


def _find(code, instructions):
    import dis

    starts = [(offset, line) for offset, line in dis.findlinestarts(code) if line is not None]
    line_at = dict(starts)
    # Since CPython 3.11 the code of handlers follows behind all other code.
    handlers = next((each.offset for each in instructions if each.opname == "PUSH_EXC_INFO"), sys.maxsize)
    begin = next((each.offset for each in instructions if each.opname == "RESUME"), -1)
    lines = [line for _, line in starts]
    unsafe = {line for line in lines if lines.count(line) > 1} if len(lines) < 200 else _repeated(lines)
    in_handlers = set()
    loops, every_loop = set(), set()
    line = None
    line_of = {}
    for each in instructions:
        line = line_at.get(each.offset, line)
        line_of[each.offset] = line
        if each.offset >= handlers:
            in_handlers.add(line)
        if each.opname in _SETTING_UP:
            unsafe.add(line)
        if _jumps(each) and "NO_INTERRUPT" not in each.opname:
            if begin < each.argval <= each.offset:
                every_loop.add(each.argval)
                if each.offset < handlers:
                    loops.add(each.argval)
    # The body of a `finally` is there twice, once for exceptions.
    loops = {offset for offset in loops if line_of.get(offset) not in in_handlers}
    statements = {offset for offset, line in starts if offset > begin and line not in unsafe}
    extended = {each.offset: each.offset + 2 for each in instructions if each.opname == "EXTENDED_ARG"}
    return tuple(frozenset(_with_extended(found, extended)) for found in (loops, every_loop, statements))


def _repeated(lines):
    seen, found = set(), set()
    for line in lines:
        (found if line in seen else seen).add(line)
    return found


def _with_extended(offsets, extended):
    """The same offsets, and those behind the prefixes of long arguments: versions differ in which one they tell."""
    for offset in offsets:
        yield offset
        while offset in extended:
            offset = extended[offset]
            yield offset
