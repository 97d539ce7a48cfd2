"""The packages that are open, and which of them a file or an entry of ``sys.path`` belongs to."""

import os
from _contextvars import Context

from . import modules

open_packages = {}
"""Every package that a plugin is loaded from, or is being loaded from, by the real path of its folder."""

_places = {}

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
"""The runtime is no code of a package, even where it lies below one: in ``node_modules`` of a folder that is one."""


class Package:
    """A folder that at least one plugin was loaded from.

    ``holders`` is what it has in common with units and with the environment: for whom a name is looked up when it asks.
    """

    def __init__(self, folder):
        self.folder = folder
        self.key = os.path.realpath(folder)
        self.prefixes = (folder + "/", self.key + "/")
        self.modules, self.namespaces = modules.holdings(folder)
        self.claims = set(self.modules) | self.namespaces | modules.names_in_subfolders(folder)
        """Names that its code may mean when it imports them, and that others may mean otherwise."""
        self.plugins = 0
        self.holders = frozenset((self,))
        self.collision = None
        """The first collision that its code ran into, also when the code caught it."""
        self.external = {}
        """The external modules that were imported for it: see ``external.py``."""
        self.refuses_external = False
        self.context = Context()
        """Its modules are imported in it."""

    def __repr__(self):
        return "the package %s" % self.folder


class Environment:
    """The standard library and what is installed: it asks for itself like a package, and is always open."""

    def __init__(self):
        self.holders = frozenset((self,))

    def __repr__(self):
        return "the Python environment"


ENVIRONMENT = Environment()


def of_file(file):
    """The open package that code belongs to, by the name of its file; ``None`` for other code.

    Takes no lock and looks at no file, so that it can be asked while other threads must not run.
    """
    if file.startswith(_OWN_FOLDER):
        return None
    found = None
    for package in list(open_packages.values()):
        if file.startswith(package.prefixes) and (found is None or len(package.key) > len(found.key)):
            found = package
    return found


def of_place(place):
    """The same for any path or entry of ``sys.path``, however it is written, the folder of a package itself included."""
    if not isinstance(place, str) or not open_packages:
        return None
    try:
        return _places[place]
    except KeyError:
        pass
    package = of_file(place + "/") if ".." not in place else None
    if package is None:
        package = of_file(os.path.realpath(place) + "/")
    if os.path.isabs(place):
        _places[place] = package
    return package


def known(folder):
    return open_packages.get(os.path.realpath(folder))


def add(package):
    open_packages[package.key] = package
    _places.clear()


def remove(package):
    open_packages.pop(package.key, None)
    _places.clear()
