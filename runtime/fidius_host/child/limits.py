"""What the host sets for the process of a call server, before code of a plugin runs."""

import os

_RESOURCES = {
    "memoryBytes": "RLIMIT_AS",
    "cpuSeconds": "RLIMIT_CPU",
    "openFiles": "RLIMIT_NOFILE",
    "processes": "RLIMIT_NPROC",
    "fileBytes": "RLIMIT_FSIZE",
}


def apply(settings):
    """Set the umask and the limits. Raises ``RuntimeError`` with the limit that cannot be set."""
    if settings["umask"] is not None:
        os.umask(settings["umask"])
    for name, value in settings["limits"].items():
        _limit(name, value)
    if settings["limits"].get("memoryBytes") is not None:
        _share_malloc_arenas()


def _limit(name, value):
    try:
        import resource

        kind = getattr(resource, _RESOURCES[name])
    except (AttributeError, ImportError):
        raise RuntimeError("the limit %s does not exist on this system" % name) from None
    _, most = resource.getrlimit(kind)
    # The system sends SIGXCPU at the first limit of processor time, and SIGKILL, which does not tell the reason, at the
    # second.
    last = value + 1 if name == "cpuSeconds" else value
    if most != resource.RLIM_INFINITY and last > most:
        raise RuntimeError("the limit %s is %d, and this user can have at most %d" % (name, value, most))
    try:
        # Both, so that the plugin cannot raise it again.
        resource.setrlimit(kind, (value, last))
    except (OSError, ValueError) as error:
        raise RuntimeError("the limit %s cannot be set to %d: %s" % (name, value, error)) from None


def _share_malloc_arenas():
    """Let all threads share one arena of glibc's ``malloc``.

    Otherwise each thread reserves 64 MiB or more of address space, which counts against the limit.
    """
    try:
        import ctypes

        ctypes.CDLL(None).mallopt(-8, 1)  # M_ARENA_MAX
    except (AttributeError, ImportError, OSError, TypeError):
        pass
