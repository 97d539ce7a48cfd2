"""The open packages, and to which of them a file or an entry of ``sys.path`` belongs."""

import os
from _contextvars import Context

from .. import FOLDER
from . import modules

open_packages = {}
"""All packages that plugins are loaded from, or are being loaded from, by the real path of the folder."""

_by_path = {}


class Package:
    """A folder that at least one plugin was loaded from.

    ``holders`` is the common interface with units and the environment: the packages for which its imports are resolved.
    """

    def __init__(self, folder):
        self.folder = folder
        self.key = os.path.realpath(folder)
        self.prefixes = (folder + "/", self.key + "/")
        self.modules, self.namespaces = modules.holdings(folder)
        self.claims = set(self.modules) | self.namespaces | modules.names_in_subfolders(folder)
        """Names that may mean a module of this package to its code, and another module to other code."""
        self.plugins = 0
        self.holders = frozenset((self,))
        self.collision = None
        """The first collision of its imports, also if its code has caught the exception."""
        self.external = {}
        """The external modules that were imported for it, by name: see ``external_modules.py``."""
        self.refuses_external = False
        self.context = Context()
        """The context in which its modules are imported."""

    def __repr__(self):
        return "the package %s" % self.folder


class Environment:
    """The standard library and the installed packages. It imports like a package, and is always open."""

    def __init__(self):
        self.holders = frozenset((self,))

    def __repr__(self):
        return "the Python environment"


ENVIRONMENT = Environment()


def of_file(file):
    """Return the open package that code belongs to, by the name of its file; ``None`` for other code.

    Takes no lock and does not access the file system, so that it can be called while other threads must not run.
    """
    # The runtime is not code of a package, also if it lies in `node_modules` below the folder of one.
    if file.startswith(FOLDER):
        return None
    found = None
    for package in list(open_packages.values()):
        if file.startswith(package.prefixes) and (found is None or len(package.key) > len(found.key)):
            found = package
    return found


def is_packaged(file):
    """Tell whether code, by the name of its file, belongs to an open package.

    Takes no lock and does not access the file system: the caller keeps the GIL, so that other threads do not run
    meanwhile.
    """
    return of_file(file) is not None


def of_path(path):
    """Return the open package of any path or entry of ``sys.path``, in any notation, including the folder of the
    package itself.
    """
    if not isinstance(path, str) or not open_packages:
        return None
    try:
        return _by_path[path]
    except KeyError:
        pass
    package = of_file(path + "/") if ".." not in path else None
    if package is None:
        package = of_file(os.path.realpath(path) + "/")
    if os.path.isabs(path):
        _by_path[path] = package
    return package


def known(folder):
    return open_packages.get(os.path.realpath(folder))


def add(package):
    open_packages[package.key] = package
    _by_path.clear()


def remove(package):
    open_packages.pop(package.key, None)
    _by_path.clear()
