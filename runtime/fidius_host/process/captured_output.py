"""What plugins print and log, told apart by plugin, line by line.

While at least one host listens, it is offered what is written to the standard streams, and the root logger has one more
handler. What no listening host's plugin has written goes where it went before. C code that writes to the descriptors
themselves is not seen.
"""

import logging
import os
import sys
import threading
from collections import deque

from . import own_settings, standard_streams

_HELD_BYTES = 16 << 20
_LONGEST_LINE = 1 << 16
_DEPTH = 64

_listeners = []
_handler = None
_lock = threading.Lock()


class Lines:
    """Lines of one host's plugins, until they are taken. ``wake`` is called, from any thread, when there are some."""

    def __init__(self, wake, plugin_of_thread):
        self._wake = wake
        self._plugin_of_thread = plugin_of_thread
        """Tells the name of the plugin whose call the current thread runs, or ``None``."""
        self._waiting = deque()
        self._woken = False
        self._bytes = 0
        self._lost = 0
        self._folders = {}
        self._partial = {}

    def __bool__(self):
        return bool(self._waiting)

    def claim(self, folder, plugin):
        """Count what code in a folder writes as written by a plugin, on whichever thread."""
        self._folders[os.path.realpath(folder) + os.sep] = plugin
        self._folders[folder + os.sep] = plugin

    def plugin_here(self):
        """Name of the plugin whose code is running, or ``None``."""
        plugin = self._plugin_of_thread()
        if plugin is not None or not self._folders:
            return plugin
        frame = sys._getframe(1)
        for _ in range(_DEPTH):
            if frame is None:
                return None
            file = frame.f_code.co_filename
            for folder, plugin in self._folders.items():
                if file.startswith(folder):
                    return plugin
            frame = frame.f_back
        return None

    def write(self, plugin, stream, data):
        """Take bytes that were written, and pass on the lines that they complete."""
        key = (plugin, stream, threading.get_ident())
        *lines, rest = (self._partial.pop(key, b"") + data).split(b"\n")
        for line in lines:
            self.add(plugin, stream, line)
        while len(rest) >= _LONGEST_LINE:
            self.add(plugin, stream, rest[:_LONGEST_LINE])
            rest = rest[_LONGEST_LINE:]
        if rest:
            self._partial[key] = rest

    def add(self, plugin, stream, line, level=None, logger=None):
        if self._bytes > _HELD_BYTES:
            self._lost += 1
            return
        self._bytes += len(line)
        self._waiting.append([plugin, stream, line.decode("utf-8", "replace"), level, logger])
        if not self._woken:
            self._woken = True
            self._wake()

    def take(self):
        """All lines so far, as ``[plugin, stream, text, level, logger]``."""
        taken = []
        # First the flag: whoever adds a line from here on wakes somebody, or the line is taken below.
        self._woken = False
        while self._waiting:
            taken.append(self._waiting.popleft())
        self._bytes = 0
        if self._lost:
            text = "%d lines were lost: they came faster than the host took them" % self._lost
            self._lost = 0
            taken.append([None, "stderr", text, None, None])
        return taken

    def put_back(self, lines):
        """Lines that were taken and could not be delivered."""
        self._waiting.extendleft(reversed(lines))

    def take_rest(self):
        """The same, and what was not ended by a line break. No more is expected."""
        for (plugin, stream, _), rest in list(self._partial.items()):
            self.add(plugin, stream, rest)
        self._partial.clear()
        return self.take()


def begin(lines):
    """Pass what plugins write to ``lines`` from now on."""
    global _handler
    with _lock:
        if not _listeners:
            _handler = _Handler()
            logging.getLogger().addHandler(_handler)
            standard_streams.listen(_take)
        _listeners.append(lines)


def end(lines):
    with _lock:
        if lines not in _listeners:
            return
        _listeners.remove(lines)
        if _listeners:
            return
        standard_streams.listen(None)
        logging.getLogger().removeHandler(_handler)


def run_exit_functions():
    """Run ``atexit`` functions while somebody listens, if so. Finalization finds none left to run."""
    if _listeners:
        import atexit

        atexit._run_exitfuncs()


def forget_in_child():
    """In a forked copy of the process nobody listens: what it prints goes where it went before."""
    _listeners.clear()
    standard_streams.listen(None)


def _take(stream, data):
    """Take what a plugin of a listening host writes; false when it belongs to none."""
    lines, plugin = _whose()
    if lines is None:
        return False
    lines.write(plugin, stream, data)
    return True


def _whose():
    for lines in _listeners:
        plugin = lines.plugin_here()
        if plugin is not None:
            return lines, plugin
    return None, None


class _Handler(logging.Handler):
    def __init__(self):
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record):
        lines, plugin = _whose()
        if lines is not None:
            try:
                text = self.format(record)
            except Exception:
                self.handleError(record)
                return
            lines.add(plugin, "log", text.encode("utf-8", "backslashreplace"), record.levelname, record.name)
        elif logging.lastResort is not None and logging.getLogger().handlers == [self]:
            # What Python does where nobody has set up logging; our handler must not change that for others.
            if record.levelno >= logging.lastResort.level:
                logging.lastResort.handle(record)


own_settings.log_handler_types.add(_Handler)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_in_child)
