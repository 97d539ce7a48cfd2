"""The interpreter as a part of the host's process: its environment variables and facts about it."""

import os
import sys

from . import isolation


def adopt_environment(variables):
    """Make ``os.environ`` equal to the environment of the host.

    Usually they are equal, because both are read from the process. But a test runner or a worker thread may give the
    host another environment, and plugins must see the one of the host.
    """
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    for name, value in variables.items():
        # U+FFFD stands for bytes that JavaScript could not read. Python can read them.
        if os.environ.get(name) != value and "\ufffd" not in value:
            os.environ[name] = value


def remember_copy(copy):
    """Record which copy of the host's library started Python, for other copies that join later."""
    sys.modules["fidius_host"].copy = copy


def facts():
    """Return what ``fidius doctor`` and the info of a plugin report about this interpreter."""
    return {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "executable": sys.executable or None,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "implementation": sys.implementation.name,
        "path": [entry for entry in sys.path if isinstance(entry, str)],
        "unisolated": isolation.findings(),
    }
