"""Describes this interpreter in one line of JSON on standard output.

The host runs this file when it searches for a Python: ``python -E -s -S probe_python.py``. The file also runs in Python
2.7 and PyPy, so that the host can report what it found.

The start of the host waits for the output. Therefore this file does not import ``json``, which takes longer than the
rest.
"""

import os
import sys


def venv_prefix():
    """Return the virtual environment of this interpreter, or ``None``.

    Without ``site``, Python before 3.14 does not search for one. The rule is that of ``site.venv()``, without its side
    effects: it would run the ``.pth`` files of the environment.
    """
    folder = os.path.dirname(os.path.abspath(sys.executable))
    for home in (folder, os.path.dirname(folder)):
        if os.path.isfile(os.path.join(home, "pyvenv.cfg")):
            return home
    return None


def answer():
    prefix = venv_prefix()
    if prefix is not None:
        # Before sysconfig and site are imported, because both depend on it.
        sys.prefix = sys.exec_prefix = prefix
    import site
    import sysconfig

    names = (
        "INSTSONAME",
        "LDLIBRARY",
        "LDVERSION",
        "LIBDIR",
        "LIBPL",
        "multiarchsubdir",
        "MULTIARCH",
        "PYTHONFRAMEWORK",
        "PYTHONFRAMEWORKPREFIX",
        "Py_DEBUG",
        "Py_ENABLE_SHARED",
        "Py_GIL_DISABLED",
    )
    implementation = getattr(sys, "implementation", None)
    return {
        "implementation": implementation.name if implementation else "cpython",
        "version": "%d.%d.%d" % tuple(sys.version_info[:3]),
        "executable": sys.executable,
        "baseExecutable": getattr(sys, "_base_executable", sys.executable),
        "prefix": sys.prefix,
        "basePrefix": getattr(sys, "base_prefix", sys.prefix),
        "platform": sysconfig.get_platform(),
        "sitePackages": site.getsitepackages() if hasattr(site, "getsitepackages") else [],
        "config": dict((name, sysconfig.get_config_var(name)) for name in names),
    }


def to_json(value):
    """Return a value as JSON in ASCII, for the types that ``answer()`` contains."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, dict):
        return "{%s}" % ",".join("%s:%s" % (to_json(key), to_json(value[key])) for key in value)
    if isinstance(value, list):
        return "[%s]" % ",".join(to_json(item) for item in value)
    if isinstance(value, bytes):  # str of Python 2
        value = value.decode("utf-8", "replace")
    utf16 = bytearray(value.encode("utf-16-be", "surrogatepass" if sys.version_info[0] > 2 else "strict"))
    units = [utf16[i] << 8 | utf16[i + 1] for i in range(0, len(utf16), 2)]
    plain = [chr(unit) if 32 <= unit < 127 and unit not in (34, 92) else "\\u%04x" % unit for unit in units]
    return '"%s"' % "".join(plain)


if __name__ == "__main__":
    sys.stdout.write(to_json(answer()) + "\n")
