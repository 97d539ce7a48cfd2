"""The two doors through which the host calls this package: values in, values out, as encoded bytes."""

from . import boot, errors, fork, loading, shutdown, values
from .cannot_cross import CannotCross, type_name


def _report():
    # Loaded when it is asked for: nothing but `fidius doctor` wants it, and every start would pay for it.
    from . import diagnosis

    return diagnosis.report()


def _start_server():
    from . import serving

    return serving.start_here()


_functions = {
    "boot.facts": boot.facts,
    "diagnosis.report": _report,
    "loading.load": loading.load,
    "loading.unload": loading.unload,
    "serving.start_here": _start_server,
    "shutdown.blocking_threads": shutdown.blocking_threads,
    "shutdown.run_exit_functions": shutdown.run_exit_functions,
    "shutdown.flush": shutdown.flush,
    "shutdown.stop_servers": shutdown.stop_servers,
}

# Called directly, with objects instead of encoded values.
callables = loading.callables
decode = values.decode
encode = values.encode
mark_children = fork.mark_children


def call(callable_, data):
    """Call a method of a plugin: ``data`` holds the positional arguments, encoded; so is what comes back."""
    return encode(callable_(*decode(data)))


def invoke(data):
    """Call one of the functions above: ``data`` holds its name and its positional arguments."""
    name, *arguments = values.decode(data)
    return values.encode(_functions[name](*arguments))


def describe(error):
    """The plain data of an exception, encoded."""
    return values.encode(errors.describe(error))


def raw_bytes(result):
    """What a raw method returned, as ``bytes``.

    Accepted as by the Rust host: anything but ``str`` that is a sequence of integers from 0 to 255.
    """
    if isinstance(result, (bytes, bytearray)):
        return bytes(result)
    if isinstance(result, memoryview):
        return result.tobytes()
    try:
        # bytes(5) would be five zeros, bytes({1: 2}) the keys: only a sequence is meant.
        if not isinstance(result, (str, dict)) and hasattr(result, "__getitem__"):
            return bytes(list(result))
    except (TypeError, ValueError):
        pass
    raise CannotCross("a raw method must return bytes, got %s" % type_name(type(result)), hint="Return bytes.")
