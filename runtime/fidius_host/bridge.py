"""The two doors through which the host calls this package: values in, values out, as encoded bytes."""

import itertools

from . import boot, errors, isolation, loading, shutdown, values
from .cannot_cross import CannotCross, has_attribute, type_name
from .context import samples


def _late(name):
    """A function of a module that is imported when it is first called: not every host needs it, and every start would pay."""
    module, _, function = name.partition(".")

    def call(*arguments):
        return getattr(boot.import_own(module), function)(*arguments)

    return call


def _door_address():
    try:
        return _late("door.address")()
    except ImportError:  # no ctypes
        return None


_functions = {
    "boot.adopt_environment": boot.adopt_environment,
    "boot.facts": boot.facts,
    "boot.tell_copy": boot.tell_copy,
    "deadline.install": _late("deadline.install"),
    "deadline.now": _late("deadline.now"),
    "deadline.end": _late("deadline.end"),
    "diagnosis.report": _late("diagnosis.report"),
    "door.address": _door_address,
    "door.protect": _late("door.protect"),
    "environment.begin_calls_here": _late("environment.begin_calls_here"),
    "environment.begin_load_here": _late("environment.begin_load_here"),
    "environment.close_here": _late("environment.close_here"),
    "environment.end_calls_here": _late("environment.end_calls_here"),
    "environment.end_load_here": _late("environment.end_load_here"),
    "environment.open_here": _late("environment.open_here"),
    "isolation.tell_implicit": isolation.tell_implicit,
    "loading.load": loading.load,
    "loading.unload": loading.unload,
    "output.claim_here": _late("output.claim_here"),
    "output.close_here": _late("output.close_here"),
    "output.open_here": _late("output.open_here"),
    "output.take_here": _late("output.take_here"),
    "serving.start_here": _late("serving.start_here"),
    "shell.interface_hash": _late("shell.interface_hash"),
    "shell.print_to_stderr": _late("shell.print_to_stderr"),
    "shutdown.blocking_threads": shutdown.blocking_threads,
    "shutdown.forget_main_thread": shutdown.forget_main_thread,
    "shutdown.run_exit_functions": shutdown.run_exit_functions,
    "shutdown.flush": shutdown.flush,
    "shutdown.stop_servers": shutdown.stop_servers,
}

# Called directly, with objects instead of encoded values.
callables = loading.callables


def contexts(number):
    """``[new]``, what makes a context for a call; and one to compare it with, if that tells whether it can serve another."""
    contexts = loading.contexts(number)
    return [contexts.new, contexts.pristine] if contexts.shareable else [contexts.new]


context_samples = samples
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
    if isinstance(error, CannotCross) and error.unawaited is not None:
        # Nothing here can await it. Collected unfinished it would warn, and that in the middle of an import can make
        # the import fail (https://github.com/python/cpython/issues/106176).
        error.unawaited.close()
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
        # bytes(5) would be five zeros, bytes({1: 2}) the keys: only a sequence is meant. Its length bounds it, because one
        # that answers to every index has no end.
        if not isinstance(result, (str, dict)) and _is_sequence(type(result)):
            size = len(result)
            items = list(itertools.islice(iter(result), size + 1))
            if len(items) == size:
                return bytes(items)
    except (TypeError, ValueError):
        pass
    raise CannotCross("a raw method must return bytes, got %s" % type_name(type(result)), hint="Return bytes.")


def _is_sequence(kind):
    return has_attribute(kind, "__getitem__") and has_attribute(kind, "__len__")
