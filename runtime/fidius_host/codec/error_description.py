"""Describes Python exceptions as plain data for the host."""

import sys

from .. import FOLDER
from . import encode
from .conversion_error import ConversionError, class_name, type_name

UNPRINTABLE = "<unprintable Python exception>"


def describe(error):
    """Return ``{code, message, details, pythonType, traceback}`` for any exception. Never raises.

    A ``fidius.PluginError`` keeps its own code, message and details; of any other exception the code is the name of its
    class. The traceback is the text that Python would have printed, with chained causes and without frame locals.

    ``details`` are encoded separately, so that details without a counterpart in the host do not hide the rest.

    ``hostCall`` is added if it is the error of a host function: the number of the call. ``refused: {code, hint}`` is added if the codec has raised because of a value that the plugin returned.
    """
    code, message, details = _plugin_error(error) or (_plain(class_name(type(error))), _text(error), None)
    description = {
        "code": code,
        "message": message,
        "details": details,
        "pythonType": _plain(type_name(type(error))),
        "traceback": _traceback(error),
    }
    host_call = _host_call(error)
    if host_call is not None:
        description["hostCall"] = host_call
    if isinstance(error, ConversionError):
        description["refused"] = {"code": error.code, "hint": error.hint}
    return description


def encoded(error):
    """Return the description of an exception, encoded."""
    if isinstance(error, ConversionError) and error.unawaited is not None:
        # Nothing here can await the coroutine. If it were collected unfinished it would issue a warning, which in the
        # middle of an import can make that import fail (https://github.com/python/cpython/issues/106176).
        error.unawaited.close()
    return encode(describe(error))


def _plugin_error(error):
    # Not imported: if no plugin has imported the SDK, the exception cannot be one of the SDK's.
    sdk = sys.modules.get("fidius")
    try:
        kind = getattr(sdk, "PluginError", None)
        if not (isinstance(kind, type) and isinstance(error, kind)):
            return None
        code = getattr(error, "code", None)
        message = getattr(error, "message", None)
        details = getattr(error, "details", None)
    except BaseException:
        return None
    return (
        _plain(code) if isinstance(code, str) else "PluginError",
        _plain(message) if isinstance(message, str) else _text(error),
        _encoded(details),
    )


def _host_call(error):
    """Return the number of the call of a host function that the exception is the error of, or ``None``."""
    kind = getattr(sys.modules.get("fidius"), "HostFunctionError", None)
    if not (isinstance(kind, type) and isinstance(error, kind)):
        return None
    number = error.__dict__.get("host_call")
    return number if type(number) is int else None


def _encoded(details):
    """Return the details encoded, or ``None`` if they cannot be: a second error would hide the first one."""
    if details is None:
        return None
    try:
        return encode(details)
    except BaseException:
        return None


def _text(error):
    try:
        return _plain(str(error))
    except BaseException:
        return UNPRINTABLE


def _traceback(error):
    try:
        import traceback  # imports many modules, which are not needed before the first error

        frames = error.__traceback__
        # The first frames belong to the runtime and, if a module is imported, to importlib. Python leaves the latter out as
        # well, but not after a call of `import_module`. They do not help the author of the plugin.
        hidden = (FOLDER, "<frozen importlib.", getattr(sys.modules.get("importlib"), "__file__", None) or FOLDER)
        while frames is not None and frames.tb_frame.f_code.co_filename.startswith(hidden):
            frames = frames.tb_next
        return _plain("".join(traceback.format_exception(type(error), error, frames)))
    except BaseException:
        return "%s: %s\n" % (type_name(type(error)), _text(error))


def _plain(text):
    """Return an exact ``str`` without lone surrogates, which cannot be encoded as UTF-8."""
    return str.__str__(text).encode("utf-8", "backslashreplace").decode("utf-8")
