"""Imports modules of the runtime when they are first needed.

This is the only module of the runtime that imports by name, and ``MODULES`` lists all names. Elsewhere a late import is
an ``import`` statement inside a function.
"""

import importlib
import os
import sys

MODULES = frozenset(
    (
        "cli_support",
        "doctor",
        "inline.change_notices",
        "inline.gil_trampoline",
        "inline.host_functions",
        "inline.output_lines",
        "inline.signal_deadline",
        "inline.streams",
        "process.captured_output",
        "server.call_server",
        "server.in_process",
    )
)
"""Modules that not every host needs, relative to ``fidius_host``."""


def load(name):
    """Import a module of ``MODULES`` and write its byte-code for the next start.

    Byte-code is not written if the user does not want it, nor while another thread may be importing a plugin: the
    setting applies to the whole interpreter.
    """
    module = loaded(name)
    if module is not None:
        return module
    if not os.environ.get("PYTHONDONTWRITEBYTECODE") and len(sys._current_frames()) == 1:
        sys.dont_write_bytecode = False
    try:
        return importlib.import_module(_full_name(name))
    finally:
        sys.dont_write_bytecode = True


def loaded(name):
    """Return a module of ``MODULES`` if it was imported, otherwise ``None``.

    While another thread imports it, it is in ``sys.modules`` and incomplete.
    """
    module = sys.modules.get(_full_name(name))
    return None if module is None or module.__spec__._initializing else module


def function(module, name):
    """Return a function that imports its module when it is first called."""
    _full_name(module)

    def call(*arguments):
        return getattr(load(module), name)(*arguments)

    return call


def _full_name(name):
    if name not in MODULES:
        raise ValueError("%r is not listed in lazy_imports.MODULES" % name)
    return "%s.%s" % (__package__, name)
