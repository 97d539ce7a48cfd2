"""Tells who this interpreter is, as one line of JSON on standard output.

Run as a file, in a process of its own, by the host that looks for a Python: ``python -E -s -S probe_python.py``.
It answers in Python 2.7 and in PyPy too, so that the host can say what it found instead of "no answer".

Starting Node waits for this answer, hence no ``json`` here: importing it takes longer than everything below.
"""

import os
import sys


def venv_prefix():
    """The virtual environment this interpreter belongs to, or None.

    Without ``site`` Python before 3.14 does not look for one. The rule is that of ``site.venv()``, without its side
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
        # Before sysconfig and site are imported: both build on it.
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
    """JSON in ASCII, of what ``answer()`` is made of."""
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
