"""The functions that the host calls. Values enter and leave as encoded bytes."""

from . import codec, lazy_imports, shutdown
from .codec import error_description
from .plugins import call_contexts, loading
from .process import interpreter, isolation

_late = lazy_imports.function


def _trampoline_address():
    """Return the address of the trampoline, or ``None`` if this Python has no ``ctypes``."""
    try:
        return lazy_imports.load("inline.gil_trampoline").address(invoke)
    except ImportError:
        return None


_functions = {
    "change_notices.begin_calls": _late("inline.change_notices", "begin_calls"),
    "change_notices.begin_load": _late("inline.change_notices", "begin_load"),
    "change_notices.stop": _late("inline.change_notices", "stop"),
    "change_notices.end_calls": _late("inline.change_notices", "end_calls"),
    "change_notices.end_load": _late("inline.change_notices", "end_load"),
    "change_notices.start": _late("inline.change_notices", "start"),
    "cli_support.interface_hash": _late("cli_support", "interface_hash"),
    "cli_support.print_to_stderr": _late("cli_support", "print_to_stderr"),
    "doctor.report": _late("doctor", "report"),
    "gil_trampoline.address": _trampoline_address,
    "gil_trampoline.protect_stack": _late("inline.gil_trampoline", "protect_stack"),
    "host_functions.connect": _late("inline.host_functions", "connect"),
    "interpreter.adopt_environment": interpreter.adopt_environment,
    "interpreter.facts": interpreter.facts,
    "interpreter.remember_copy": interpreter.remember_copy,
    "isolation.tell_implicit": isolation.tell_implicit,
    "loading.load": loading.load,
    "loading.unload": loading.close_and_unload,
    "output_lines.claim": _late("inline.output_lines", "claim"),
    "output_lines.stop": _late("inline.output_lines", "stop"),
    "output_lines.start": _late("inline.output_lines", "start"),
    "output_lines.take": _late("inline.output_lines", "take"),
    "server.start": _late("server.in_process", "start"),
    "shutdown.blocking_threads": shutdown.blocking_threads,
    "shutdown.flush": shutdown.flush,
    "shutdown.forget_main_thread": shutdown.forget_main_thread,
    "shutdown.run_exit_functions": shutdown.run_exit_functions,
    "shutdown.stop_servers": shutdown.stop_servers,
    "signal_deadline.end": _late("inline.signal_deadline", "end"),
    "signal_deadline.install": _late("inline.signal_deadline", "install"),
    "signal_deadline.now": _late("inline.signal_deadline", "now"),
    "streams.close": _late("inline.streams", "close"),
    "streams.start": _late("inline.streams", "start"),
    "streams.step": _late("inline.streams", "step"),
}

# The host calls the following functions directly, partly with objects instead of encoded values.

callables = loading.callables
context_samples = call_contexts.samples
decode = codec.decode
encode = codec.encode_in_parts
raw_bytes = codec.raw_bytes
describe = error_description.encoded


def contexts(number):
    """Return the contexts of a plugin: ``[new]`` or ``[new, pristine]``.

    ``new`` makes a context for a call. ``pristine`` is only there if a comparison with it tells whether a context can
    serve another call.
    """
    contexts = loading.contexts(number)
    return [contexts.new, contexts.pristine] if contexts.shareable else [contexts.new]


def call(callable_, data):
    """Call a method of a plugin with encoded positional arguments, and return the encoded result, in parts."""
    # Rebound, so that the frames of an exception do not hold a view of the host's memory, which is only valid for this
    # read.
    data = decode(data)
    return encode(callable_(*data))


def invoke(data):
    """Call one of the functions above: ``data`` holds its name and its positional arguments."""
    name, *arguments = codec.decode(data)
    return codec.encode(_functions[name](*arguments))
