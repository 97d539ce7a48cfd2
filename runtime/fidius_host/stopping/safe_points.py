"""Finds the instructions of a function at which an exception may be raised."""

import bisect

_SETUP_INSTRUCTIONS = frozenset(
    "NOP SETUP_FINALLY SETUP_WITH SETUP_ASYNC_WITH BEFORE_WITH BEFORE_ASYNC_WITH LOAD_SPECIAL WITH_EXCEPT_START".split()
)
"""Instructions of a line ``try:`` or ``with …:``. The line of a ``with`` runs again at the end of its block."""

_UNCONDITIONAL = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_ABSOLUTE", "RETURN_VALUE", "RETURN_CONST", "RAISE", "RERAISE")

CLEANUP_FUNCTIONS = frozenset("__enter__ __exit__ __aenter__ __aexit__ __del__ acquire release close".split())
"""Functions that acquire or release a resource."""

_REMEMBERED = 256

_points = {}


class Points:
    """Offsets of instructions of a function before which an exception may be raised."""

    __slots__ = ("code", "statements", "loops", "all", "_offsets", "_targets", "_handlers", "_cleanup")

    def __init__(self, code):
        self.code = code
        """Kept alive, so that its address identifies it."""
        instructions = _instructions(code)
        lines = _lines(code, instructions)
        handler_lines = _handler_lines(instructions, lines)
        self.loops, every_loop, statements = _find(code, instructions, lines, handler_lines)
        self.statements = frozenset() if code.co_name in CLEANUP_FUNCTIONS else self.loops | statements
        """The start of each pass through a loop and of each statement, except ``try``, ``with`` and those in
        ``finally``.
        """
        self.all = self.statements | every_loop
        """The same plus the loops in ``finally`` and ``except``."""
        self._offsets = [each.offset for each in instructions]
        self._targets = {each.offset: each.argval for each in instructions if _jumps(each)}
        self._handlers = frozenset(each.offset for each in instructions if each.opname == "PUSH_EXC_INFO")
        self._cleanup = frozenset(offset for offset, line in lines.items() if line in handler_lines)

    def is_cleanup(self, offset):
        """Tell whether an offset is in a ``finally`` or ``except`` block.

        It may be that of a cache entry after an instruction.
        """
        index = bisect.bisect_right(self._offsets, offset)
        return index > 0 and self._offsets[index - 1] in self._cleanup

    def resume_points(self, offset):
        """Return where code continues that is suspended at an offset, which may be that of a cache entry after an
        instruction.
        """
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
    import dis  # takes a few milliseconds, and most hosts do not need it

    return list(dis.get_instructions(code))


def _jumps(instruction):
    """Tell whether an instruction can jump. ``FOR_ITER`` and ``SEND`` jump, too, but never back."""
    name = instruction.opname
    return type(instruction.argval) is int and ("JUMP" in name or name in ("FOR_ITER", "SEND"))


def _handler_lines(instructions, lines):
    """Return the lines of ``finally`` and ``except`` blocks.

    Their code is compiled as a handler, sometimes as a second copy.
    """
    setup_lines = _setup_lines(instructions, lines)
    return {lines[offset] for offset in _in_source(instructions, _handlers(instructions))} - setup_lines


def _setup_lines(instructions, lines):
    return {lines[each.offset] for each in instructions if each.opname in _SETUP_INSTRUCTIONS}


def _find(code, instructions, lines, handler_lines):
    """Return the offsets where a pass through a loop begins, the same with loops in handlers, and where a statement
    begins.
    """
    begin = next((each.offset for each in instructions if each.opname == "RESUME"), -1)
    in_handlers = _handlers(instructions)
    loops, every_loop = set(), set()
    for each in instructions:
        if _jumps(each) and "NO_INTERRUPT" not in each.opname and begin < each.argval <= each.offset:
            every_loop.add(each.argval)
            # The body of a `finally` is compiled twice, the second time as a handler.
            if each.offset not in in_handlers and lines[each.argval] not in handler_lines:
                loops.add(each.argval)
    starts = [(offset, line) for offset, line in _line_starts(code) if offset > begin]
    unsafe = _setup_lines(instructions, lines) | handler_lines | _repeated(line for _, line in starts)
    statements = {offset for offset, line in starts if line not in unsafe}
    # The start of the function, also if the function has a single line.
    statements.update([each.offset for each in instructions if each.offset > begin][:1])
    extended = {each.offset: each.offset + 2 for each in instructions if each.opname == "EXTENDED_ARG"}
    return tuple(frozenset(_with_extended(found, extended)) for found in (loops, every_loop, statements))


def _line_starts(code):
    import dis

    return [(offset, line) for offset, line in dis.findlinestarts(code) if line is not None]


def _lines(code, instructions):
    """Return the line of each instruction."""
    starts = dict(_line_starts(code))
    lines, line = {}, None
    for each in instructions:
        line = lines[each.offset] = starts.get(each.offset, line)
    return lines


def _handlers(instructions):
    """Return the offsets that are only reached by an exception: ``except`` blocks and the second copy of ``finally``.
    """
    following = {each.offset: next_.offset for each, next_ in zip(instructions, instructions[1:])}
    at = {each.offset: each for each in instructions}
    reached, waiting = set(), [instructions[0].offset]
    while waiting:
        offset = waiting.pop()
        if offset in reached:
            continue
        reached.add(offset)
        each = at[offset]
        if _jumps(each):
            waiting.append(each.argval)
        if offset in following and not each.opname.startswith(_UNCONDITIONAL):
            waiting.append(following[offset])
    return at.keys() - reached


def _in_source(instructions, in_handlers):
    """Return those of ``in_handlers`` that come from the source.

    The others clean up after comprehensions and generators.
    """
    entries = {each.argval for each in instructions if each.opname == "SETUP_FINALLY"}  # up to CPython 3.10
    found, inside = set(), False
    for each in instructions:
        inside = each.offset in in_handlers and (inside or each.offset in entries or each.opname == "PUSH_EXC_INFO")
        if inside and each.opname != "PUSH_EXC_INFO":  # which has no line
            found.add(each.offset)
        if each.opname == "RERAISE":
            inside = False
    return found


def _repeated(lines):
    seen, found = set(), set()
    for line in lines:
        (found if line in seen else seen).add(line)
    return found


def _with_extended(offsets, extended):
    """Yield the offsets and those after the prefixes of long arguments: versions differ in which one they report."""
    for offset in offsets:
        yield offset
        while offset in extended:
            offset = extended[offset]
            yield offset
