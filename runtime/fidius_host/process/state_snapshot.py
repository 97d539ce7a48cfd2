"""Reads the state that belongs to the whole process: a plugin that changes it changes it for all other plugins.

Everything is read often and must be read in microseconds. No module is imported for it: the settings of a module that
is not imported are the defaults.
"""

import _io
import _locale
import _signal
import _thread
import _warnings  # noqa: F401 - keeps the filters of `warnings`, and is built into every interpreter
import builtins
import gc
import os
import stat
import sys
import threading
import time

from . import own_settings, standard_streams


def snapshot():
    """Return the value of each kind: text, a number, a list, or a ``dict`` of which only changed entries are reported.
    """
    return {kind: _read(read) for kind, read in _READERS.items()}


def _read(read):
    try:
        return read()
    except Exception as error:  # a plugin may have replaced the objects that are read
        return "unreadable (%s)" % type(error).__name__


def changed(kind, before, after):
    """Return ``[before, after]`` for the report; ``None`` if nothing has changed."""
    if before == after:
        return None
    if kind == "root logger" and isinstance(before, list) and isinstance(after, list):
        # Adding a handler is the purpose of `logging.basicConfig`. Removing one affects other code.
        lost = [handler for handler in before if handler not in after]
        return [_names(before), _names(after)] if lost else None
    if kind == "environment variables":
        return _changed_names(before, after)
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        return [["%s: %s" % (key, side[key]) for key in keys if key in side] for side in (before, after)]
    return [before, after]


def _changed_names(before, after):
    """Return only names, because values of the environment may be secret."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    text = {name: os.fsdecode(name) for name in names}
    was = [text[name] for name in names if name in before]
    is_ = [text[name] + (" (another value)" if name in before else "") for name in names if name in after]
    return [was, is_]


def threads():
    """Return the module that starts threads: ``_thread``, unless a plugin has replaced it."""
    return _thread.start_new_thread.__module__


def replaced_by(kind):
    """Return the files of the functions that have replaced others, for kinds that consist of functions."""
    return [file for file in map(_file_of, _REPLACEABLE[kind]()) if file] if kind in _REPLACEABLE else []


def _module(name):
    """Return a module if it is imported. It may lack attributes, because its import may be in progress."""
    return sys.modules.get(name)


def _working_folder():
    try:
        return os.getcwd()
    except OSError:  # the folder was removed
        return None


def _umask():
    """Return the umask in octal digits; ``None`` where it cannot be read without being changed."""
    try:
        with _io.open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"Umask:"):
                    return line.split()[1].decode()
    except OSError:
        pass
    return None


def _current_locale():
    return _locale.setlocale(_locale.LC_ALL, None)


def _time_zone():
    zone = os.environ.get("TZ")
    return "/".join(time.tzname) + ("" if zone is None else " (TZ=%s)" % zone)


def _user():
    return {"user": os.geteuid(), "group": os.getegid()} if hasattr(os, "geteuid") else {}


# streams


def _standard_streams():
    found = {name: _description(number) for number, name in enumerate(standard_streams.NAMES)}
    for name in standard_streams.restore():
        found["sys.%s" % name] = "replaced in sys.__dict__, and restored"
    for name, settings in standard_streams.settings().items():
        found["text of %s" % name] = settings
    return found


_KINDS = ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"), (stat.S_ISREG, "file"), (stat.S_ISCHR, "device"))


def _description(number):
    try:
        status = os.fstat(number)
    except OSError:
        return "closed"
    kind = next((name for test, name in _KINDS if test(status.st_mode)), "other")
    return "%s %d:%d" % (kind, status.st_dev, status.st_ino)


# signals

_SIGNALS = {}


def _signal_handlers():
    """Return the signals whose handler was set in Python. It does not see handlers of the host."""
    names = []
    for number in range(1, _signal.NSIG):
        try:
            handler = _signal.getsignal(number)
        except ValueError:  # no such signal
            continue
        if handler is _SIGNALS.setdefault(number, handler) or number in own_settings.signals:
            continue
        if handler == _signal.SIG_DFL:
            names.append("%s (default)" % _name(number))
        elif handler == _signal.SIG_IGN:
            names.append("%s (ignored)" % _name(number))
        elif handler is not None:
            names.append(_name(number))
    return names


def _name(number):
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number


def _crash_reports():
    module = _module("faulthandler")
    return module is not None and module.is_enabled()


# the interpreter

_FROZEN = []


def _garbage_collector():
    # The time to count the frozen objects grows with their number.
    if not _FROZEN and gc.get_freeze_count() > _frozen_at_start:
        _FROZEN.append(True)
    return {
        "enabled": gc.isenabled(),
        "thresholds": gc.get_threshold(),
        "debugging": gc.get_debug(),
        "objects frozen": bool(_FROZEN),
    }


def _interpreter_limits():
    limits = {"switch interval": sys.getswitchinterval()}
    if hasattr(sys, "get_int_max_str_digits"):
        limits["digits of an int"] = sys.get_int_max_str_digits()
    return limits


def _byte_code():
    return "not written" if sys.dont_write_bytecode else "written"


def _tracing():
    """Return what traces the code of all plugins. ``sys.settrace`` only affects the thread that calls it."""
    found = [
        name
        for name, hook in (("threading.settrace", "_trace_hook"), ("threading.setprofile", "_profile_hook"))
        if getattr(threading, hook, None) is not None
    ]
    monitoring = getattr(sys, "monitoring", None)  # since 3.12
    if monitoring is not None:
        tools = map(monitoring.get_tool, range(6))
        # The tool "fidius" is the one of stopping/monitoring.py.
        found += ["sys.monitoring of %s" % tool for tool in tools if tool not in (None, "fidius")]
    return found


# functions that other code relies on


def _exception_hooks():
    hooks = {
        "sys.excepthook": (sys.excepthook, sys.__excepthook__),
        "sys.unraisablehook": (sys.unraisablehook, sys.__unraisablehook__),
        "threading.excepthook": (threading.excepthook, _thread_hook),
    }
    return {name: hook for name, (hook, original) in hooks.items() if hook is not original}


def _builtins():
    """Return the replaced built-ins. Names with an underscore and added names do not affect other code."""
    now = builtins.__dict__
    return {
        "builtins.%s" % name: now.get(name) for name, original in _BUILTINS.items() if now.get(name) is not original
    }


_LIBRARY = (
    ("socket", "socket"),
    ("socket", "create_connection"),
    ("socket", "getaddrinfo"),
    ("ssl", "SSLContext"),
    ("ssl", "create_default_context"),
    ("time", "sleep"),
    ("time", "time"),
    ("datetime", "datetime"),
    ("os", "fork"),
    ("subprocess", "Popen"),
    ("threading", "Thread"),
    ("json", "loads"),
    ("json", "dumps"),
)


def _library():
    """Return functions and classes of the standard library that a plugin has replaced, as mocks and green threads do.
    """
    found = {}
    for module, name in _LIBRARY:
        value = getattr(_module(module), name, None)
        if value is None or value is _ORIGINALS.get((module, name)):
            continue
        if (module, name) not in _ORIGINALS and getattr(value, "__module__", None) in (module, "posix"):
            _ORIGINALS[module, name] = value
        else:
            found["%s.%s" % (module, name)] = value
    return found


def _replaced(read):
    return lambda: sorted(read())


def _file_of(value):
    """Return the file of the code behind a function or a class. Reads no attributes of other objects."""
    if isinstance(value, type(_file_of)):
        return value.__code__.co_filename
    module = sys.modules.get((value if isinstance(value, (type, type(len))) else type(value)).__module__)
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


# settings of modules


def _logging_threshold():
    logging = _module("logging")
    manager = getattr(getattr(logging, "Logger", None), "manager", None)
    return getattr(manager, "disable", 0)


def _disabled_loggers():
    logging = _module("logging")
    manager = getattr(getattr(logging, "Logger", None), "manager", None)
    if manager is None:
        return []
    loggers = list(manager.loggerDict.items())
    found = sorted(name for name, logger in loggers if getattr(logger, "disabled", False))
    return found + ["root"] if manager.root.disabled else found


def _root_handlers():
    """Return the handlers by weak references, so that a removed handler is not kept alive."""
    logging = _module("logging")
    root = getattr(logging, "root", None)
    if root is None:
        return []
    import weakref  # imported with `logging`

    handlers = list(root.handlers)
    found = [_Handler(weakref.ref(each), type(each).__name__) for each in handlers if not _is_own(each)]
    if not standard_streams.is_listening() or any(_is_own(each) for each in handlers):
        found.append(_OWN_HANDLER)  # it is only there while a host listens, which is not a change
    return found


def _is_own(handler):
    return type(handler) in own_settings.log_handler_types


class _Handler:
    def __init__(self, reference, name):
        self.reference = reference
        self.name = name

    def __eq__(self, other):
        return isinstance(other, _Handler) and self.reference == other.reference

    __hash__ = None


_OWN_HANDLER = _Handler(None, "the handler of the host")


def _names(handlers):
    return [handler.name for handler in handlers]


def _warnings_filters():
    """Return the filters for all warnings of a built-in category.

    Libraries add other filters for their own warnings.
    """
    found = []
    for action, message, category, module, line in list(getattr(_module("warnings"), "filters", ())):
        if message is None and module is None and not line and getattr(category, "__module__", "") == "builtins":
            found.append("%s %s" % (action, category.__name__))
    return found


def _socket_timeout():
    module = _module("_socket")
    return None if module is None else module.getdefaulttimeout()


def _certificates():
    ssl = _module("ssl")
    create = getattr(ssl, "_create_default_https_context", None)
    if create is None or create is ssl.create_default_context:
        return "checked"
    return getattr(create, "__name__", "as %s says" % type(create).__name__)


def _decimal_defaults():
    context = getattr(_module("decimal"), "DefaultContext", None)
    return "28 digits, ROUND_HALF_EVEN" if context is None else "%d digits, %s" % (context.prec, context.rounding)


def _start_method():
    """Return how ``multiprocessing`` starts processes. It chooses its default when it is first used."""
    default = getattr(_module("multiprocessing.context"), "_default_context", None)
    actual = getattr(default, "_actual_context", None)
    if actual is None or actual is getattr(default, "_default_context", None):
        return "the default"
    return getattr(actual, "_name", type(actual).__name__)


def _loop_policy():
    policy = getattr(_module("asyncio.events"), "_event_loop_policy", None)
    module = type(policy).__module__
    if policy is None or module.partition(".")[0] == "asyncio":
        return "the default"
    return "%s.%s" % (module, type(policy).__name__)


def _environment_variables():
    """Return the variables of the process without ``TZ``, which is reported as the time zone."""
    found = dict(getattr(os.environ, "_data", os.environ))
    found.pop(b"TZ", None)
    return found


_READERS = {
    "threads": threads,
    "standard streams": _standard_streams,
    "working folder": _working_folder,
    "umask": _umask,
    "user": _user,
    "locale": _current_locale,
    "time zone": _time_zone,
    "environment variables": _environment_variables,
    "signal handlers": _signal_handlers,
    "crash reports": _crash_reports,
    "garbage collector": _garbage_collector,
    "recursion limit": sys.getrecursionlimit,
    "interpreter limits": _interpreter_limits,
    "byte-code": _byte_code,
    "tracing": _tracing,
    "exception hooks": _replaced(_exception_hooks),
    "built-in functions": _replaced(_builtins),
    "standard library": _replaced(_library),
    "logging threshold": _logging_threshold,
    "disabled loggers": _disabled_loggers,
    "root logger": _root_handlers,
    "warnings filters": _warnings_filters,
    "socket timeout": _socket_timeout,
    "certificate checks": _certificates,
    "decimal defaults": _decimal_defaults,
    "start method": _start_method,
    "event loop policy": _loop_policy,
}

_REPLACEABLE = {
    "threads": lambda: [_thread.start_new_thread],
    "exception hooks": lambda: _exception_hooks().values(),
    "built-in functions": lambda: _builtins().values(),
    "standard library": lambda: _library().values(),
}

_thread_hook = threading.excepthook
_BUILTINS = {name: value for name, value in builtins.__dict__.items() if name[0] != "_" or name == "__import__"}
_BUILTINS.pop("_", None)
_ORIGINALS = {}
_frozen_at_start = gc.get_freeze_count()
