"""From a Python exception to the plain data that crosses to the host."""

import sys
import traceback

UNPRINTABLE = "<unprintable Python exception>"
UNKNOWN = "UNKNOWN_PYTHON_ERROR"


def describe(error):
    """Return ``{code, message, details, pythonType, traceback}`` for any exception. Never raises.

    A ``fidius.PluginError`` keeps its own code, message and details; of any other exception the code is the name of its
    class. The traceback is the text that Python would have printed, with chained causes and without frame locals.
    """
    code, message, details = _plugin_error(error) or (_class_name(error), _text(error), None)
    return {
        "code": code,
        "message": message,
        "details": details,
        "pythonType": _qualified_name(error),
        "traceback": _traceback(error),
    }


def _plugin_error(error):
    # Looked up, not imported: when no plugin has imported the SDK, the exception cannot be one of its own.
    sdk = sys.modules.get("fidius")
    kind = getattr(sdk, "PluginError", None)
    try:
        if not (isinstance(kind, type) and isinstance(error, kind)):
            return None
        code = getattr(error, "code", None)
        message = getattr(error, "message", None)
        details = getattr(error, "details", None)
    except Exception:
        return None
    return (
        _plain(code) if isinstance(code, str) else "PluginError",
        _plain(message) if isinstance(message, str) else _text(error),
        _crossable(details),
    )


def _crossable(details):
    """The details if they can cross, else nothing: an error about an error would hide the first one."""
    if details is None:
        return None
    from . import values

    try:
        values.encode(details)
    except BaseException:
        return None
    return details


def _class_name(error):
    return getattr(type(error), "__name__", UNKNOWN)


def _qualified_name(error):
    kind = type(error)
    name = getattr(kind, "__qualname__", UNKNOWN)
    module = getattr(kind, "__module__", None)
    return name if module in (None, "builtins", "__main__") else "%s.%s" % (module, name)


def _text(error):
    try:
        return _plain(str(error))
    except BaseException:
        return UNPRINTABLE


def _traceback(error):
    try:
        return _plain("".join(traceback.format_exception(type(error), error, error.__traceback__)))
    except BaseException:
        return "%s: %s\n" % (_qualified_name(error), _text(error))


def _plain(text):
    """An exact ``str`` without lone surrogates, which could not cross as UTF-8."""
    return str.__str__(text).encode("utf-8", "backslashreplace").decode("utf-8")
