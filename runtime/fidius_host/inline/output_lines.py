"""Captured output, for hosts that call plugins on their own thread: they take the lines after each call."""

import itertools

from ..process import captured_output

_numbers = itertools.count(1)
_captures = {}


def start():
    """Begin to capture lines for a host, and return the number of the capture."""
    number = next(_numbers)
    _captures[number] = captured_output.Lines(lambda: None, lambda: None)
    captured_output.begin(_captures[number])
    return number


def claim(number, folder, plugin):
    """Attribute what code in a folder writes to a plugin."""
    _captures[number].claim(folder, plugin)


def take(number):
    """Return the lines captured so far."""
    return _captures[number].take()


def stop(number):
    """End a capture, and return the remaining lines."""
    lines = _captures.pop(number)
    captured_output.end(lines)
    return lines.take_all()
