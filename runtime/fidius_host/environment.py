"""What belongs to the whole process and not to a plugin: whoever changes it changes it for everybody."""

import _locale
import _signal
import _thread
import os
import sys
import threading

_lock = threading.Lock()


def changes():
    """What is different from the last time this was asked: ``[[kind, before, after], ...]``."""
    global _known
    with _lock:
        now = _snapshot()
        found = [[kind, _known[kind], now[kind]] for kind in now if now[kind] != _known[kind]]
        _known = now
    return found


def _snapshot():
    return {
        "working folder": _working_folder(),
        "umask": _umask(),
        "locale": _locale.setlocale(_locale.LC_ALL, None),
        "signal handlers": _signal_handlers(),
        "threads": threads(),
    }


def _working_folder():
    try:
        return os.getcwd()
    except OSError:  # removed
        return None


def _umask():
    """The umask in octal digits; ``None`` where it cannot be read without being changed."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"Umask:"):
                    return line.split()[1].decode()
    except OSError:
        pass
    return None


def threads():
    """The module that threads come from: ``_thread``, unless somebody put others in their place."""
    return _thread.start_new_thread.__module__


def _signal_handlers():
    """The signals that have a handler in Python. The host's own handlers do not show here."""
    deadline = sys.modules.get("fidius_host.deadline")
    own = [] if deadline is None else deadline.own_signals()
    names = []
    for number in range(1, _signal.NSIG):
        if number not in own:
            try:
                handler = _signal.getsignal(number)
            except ValueError:  # no such signal
                continue
            if callable(handler) and handler is not _signal.default_int_handler:
                names.append(_name(number))
    return names


def _name(number):
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number


_known = _snapshot()
