"""Captures what plugins print and log, line by line and by plugin.

While at least one host listens, this module receives what is written to the standard streams and adds a handler to the
root logger. Output that does not come from a plugin of a listening host goes to its usual destination. Output of C code
that writes directly to the descriptors is not captured.
"""

import logging
import os
import sys
import threading
from collections import deque

from . import own_settings, standard_streams

_MAX_BYTES = 16 << 20
_LONGEST_LINE = 1 << 16
_DEPTH = 64

_listeners = []
_handler = None
_lock = threading.Lock()


class Lines:
    """Lines of one host's plugins, until they are taken. ``wake`` is called by any thread when there are new lines."""

    def __init__(self, wake, plugin_of_thread):
        self._wake = wake
        self._plugin_of_thread = plugin_of_thread
        """Returns the name of the plugin whose call the current thread runs, or ``None``."""
        self._waiting = deque()
        self._wake_sent = False
        self._bytes = 0
        self._lost = 0
        self._folders = {}
        self._partial = {}

    def __bool__(self):
        return bool(self._waiting)

    def claim(self, folder, plugin):
        """Attribute what code in a folder writes to a plugin, on all threads."""
        self._folders[os.path.realpath(folder) + os.sep] = plugin
        self._folders[folder + os.sep] = plugin

    def current_plugin(self):
        """Return the name of the plugin whose code is running, or ``None``."""
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
        """Take bytes that were written, and add the lines that they complete."""
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
        if self._bytes > _MAX_BYTES:
            self._lost += 1
            return
        self._bytes += len(line)
        self._waiting.append([plugin, stream, line.decode("utf-8", "replace"), level, logger])
        if not self._wake_sent:
            self._wake_sent = True
            self._wake()

    def take(self):
        """Return all lines so far, as ``[plugin, stream, text, level, logger]``."""
        taken = []
        # First the flag: a line that is added from here on causes a wake-up, or is taken below.
        self._wake_sent = False
        while self._waiting:
            taken.append(self._waiting.popleft())
        self._bytes = 0
        if self._lost:
            text = "%d lines were lost: they were written faster than the host read them" % self._lost
            self._lost = 0
            taken.append([None, "stderr", text, None, None])
        return taken

    def put_back(self, lines):
        """Return lines that were taken and could not be sent."""
        self._waiting.extendleft(reversed(lines))

    def take_all(self):
        """Return all lines, including those without a line break, at the end of the capture."""
        for (plugin, stream, _), rest in list(self._partial.items()):
            self.add(plugin, stream, rest)
        self._partial.clear()
        return self.take()


def begin(lines):
    """Add what plugins write to ``lines`` from now on."""
    global _handler
    with _lock:
        if not _listeners:
            _handler = _Handler()
            logging.getLogger().addHandler(_handler)
            standard_streams.listen(_take_output)
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
    """Run ``atexit`` functions while their output is captured, if a host listens.

    Finalization does not run them again.
    """
    if _listeners:
        import atexit

        atexit._run_exitfuncs()


def forget_in_child():
    """End all captures in a forked copy of the process, whose output goes to its usual destination."""
    _listeners.clear()
    standard_streams.listen(None)


def _take_output(stream, data):
    """Take what a plugin of a listening host writes; return false for other output."""
    lines, plugin = _find_writer()
    if lines is None:
        return False
    lines.write(plugin, stream, data)
    return True


def _find_writer():
    for lines in _listeners:
        plugin = lines.current_plugin()
        if plugin is not None:
            return lines, plugin
    return None, None


class _Handler(logging.Handler):
    def __init__(self):
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record):
        lines, plugin = _find_writer()
        if lines is not None:
            try:
                text = self.format(record)
            except Exception:
                self.handleError(record)
                return
            lines.add(plugin, "log", text.encode("utf-8", "backslashreplace"), record.levelname, record.name)
        elif logging.lastResort is not None and logging.getLogger().handlers == [self]:
            # What Python does if logging is not configured. This handler must not change that for other code.
            if record.levelno >= logging.lastResort.level:
                logging.lastResort.handle(record)


own_settings.log_handler_types.add(_Handler)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_in_child)
