"""The two doors through which the host calls this package: values in, values out, as encoded bytes."""

import functools

from . import boot, errors, loading, shutdown, values
from .cannot_cross import CannotCross, type_name


def _report():
    # Loaded when it is asked for: nothing but `fidius doctor` wants it, and every start would pay for it.
    from . import diagnosis

    return diagnosis.report()


def _start_server():
    return boot.import_own("serving").start_here()


def _output(function, *arguments):
    # As above: logging, which it needs, is for hosts that listen.
    from . import output

    return getattr(output, function)(*arguments)


def _door_address():
    # As above: for worker threads.
    try:
        from . import door
    except ImportError:  # no ctypes
        return None
    return door.address()


def _protect_stack(base, size):
    from . import door

    door.protect(base, size)


def _environment_changes():
    # As above: hosts that call on their own thread ask for it.
    from . import environment

    return environment.changes()


def _deadline(function, *arguments):
    # As above: most hosts need none.
    from . import deadline

    return getattr(deadline, function)(*arguments)


def _interface_hash(path):
    # As above: for `fidius run` alone.
    from . import shell

    return shell.interface_hash(path)


def _print_to_stderr():
    from . import shell

    shell.print_to_stderr()


_functions = {
    "boot.adopt_environment": boot.adopt_environment,
    "boot.facts": boot.facts,
    "deadline.install": functools.partial(_deadline, "install"),
    "deadline.now": functools.partial(_deadline, "now"),
    "diagnosis.report": _report,
    "door.address": _door_address,
    "door.protect": _protect_stack,
    "environment.changes": _environment_changes,
    "loading.load": loading.load,
    "loading.unload": loading.unload,
    "output.claim_here": functools.partial(_output, "claim_here"),
    "output.close_here": functools.partial(_output, "close_here"),
    "output.open_here": functools.partial(_output, "open_here"),
    "output.take_here": functools.partial(_output, "take_here"),
    "serving.start_here": _start_server,
    "shell.interface_hash": _interface_hash,
    "shell.print_to_stderr": _print_to_stderr,
    "shutdown.blocking_threads": shutdown.blocking_threads,
    "shutdown.run_exit_functions": shutdown.run_exit_functions,
    "shutdown.flush": shutdown.flush,
    "shutdown.stop_servers": shutdown.stop_servers,
}

# Called directly, with objects instead of encoded values.
callables = loading.callables
decode = values.decode
encode = values.encode_in_parts


def call(callable_, data):
    """Call a method of a plugin: ``data`` holds the positional arguments, encoded; so is what comes back, in parts."""
    # Not to be found in the frames of an exception: it is a view of the host's memory, good for this one reading.
    data = decode(data)
    return encode(callable_(*data))


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
