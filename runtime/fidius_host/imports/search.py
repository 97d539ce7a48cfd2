"""Resolves a name for a package: its own module, that of the standard library, or that of the environment, in this
order.
"""

import sys
from importlib.machinery import PathFinder

from . import modules, packages
from .packages import ENVIRONMENT


class Found:
    """The result of a search. ``own`` is set if it belongs to the importing package or was made by its code."""

    __slots__ = ("own", "spec")

    def __init__(self, spec, own):
        self.spec = spec
        self.own = own

    @property
    def is_namespace(self):
        return self.spec.loader is None

    @property
    def location(self):
        return location_of(self.spec)


def location_of(spec):
    """Return the file or folder of a module by its spec; ``None`` for a built-in module and one made in memory."""
    if spec.submodule_search_locations is not None and spec.loader is not None:
        first = next((part for part in spec.submodule_search_locations if isinstance(part, str)), None)
        if first is not None:
            return first
    return spec.origin if spec.has_location else None


def find(name, scope, path=None):
    """Resolve a name for a package or the environment, unless it is below a regular package.

    ``path`` is the ``__path__`` of the parent if it has one.

    :raises StandardName: the package has its own module with a name of the standard library.
    """
    own, others = _entries(name, scope, path)
    found = PathFinder.find_spec(name, own) if own else None
    if found is not None and found.loader is not None:
        return _own_or_standard(name, scope, Found(found, True))
    other = outside(name, others if "." in name else None, scope)
    if other is not None and not other.is_namespace:
        return other
    if found is None:
        return other
    if other is not None:
        # First the portions of a namespace in the package, then those in the environment.
        found = PathFinder.find_spec(name, own + others)
    return Found(found, True)


def _own_or_standard(name, scope, found):
    if "." in name or not modules.is_standard(name):
        return found
    other = outside(name, None, ENVIRONMENT)
    if other is None or (other.location and found.location and modules.same_code(found.location, other.location)):
        return other or found
    raise StandardName(name, other.location or "a built-in module", found.location)


class StandardName(Exception):
    """A package imports its own module, which has a name of the standard library."""

    def __init__(self, name, standard, own):
        super().__init__(name)
        self.name = name
        self.standard = standard
        self.own = own


def outside(name, entries, scope):
    """Return what is found outside of packages, or by a finder that code of ``scope`` has added to ``sys.meta_path``.
    """
    for finder in list(sys.meta_path):
        maker = _maker_of(finder)
        if maker is not None and scope not in maker.holders:
            continue
        if finder is PathFinder:
            spec = PathFinder.find_spec(name, outside_entries() if entries is None else entries)
        else:
            find_spec = getattr(finder, "find_spec", None)
            if find_spec is None or getattr(finder, "is_fidius", False):
                continue
            spec = find_spec(name, entries)
        if spec is not None:
            owner = packages.of_path(location_of(spec))
            if owner is None or owner is scope:
                return Found(spec, maker is not None or owner is scope)
    return None


def _maker_of(finder):
    """Return the unit whose code has made a finder, or ``None`` for a finder of the environment."""
    kind = finder if isinstance(finder, type) else type(finder)
    spec = getattr(sys.modules.get(kind.__module__), "__spec__", None)
    unit = getattr(spec, "_fidius_unit", None)
    return None if unit is None or unit.outside else unit


def outside_entries():
    """Return ``sys.path`` without the entries inside packages."""
    return [entry for entry in sys.path if packages.of_path(entry) is None]


def _entries(name, scope, path):
    """Return where to search: the entries inside the package, and those outside of all packages."""
    parent = name.rpartition(".")[0]
    if not parent:
        every = sys.path
    elif path is not None:
        every = path
    else:
        every = portions(parent, scope)
    every = [entry for entry in every if isinstance(entry, str)]
    owners = [packages.of_path(entry) for entry in every]
    own = [entry for entry, owner in zip(every, owners) if owner is scope]
    return own, [entry for entry, owner in zip(every, owners) if owner is None]


def portions(name, scope):
    """Return the folders in which a package or the environment searches below a package or namespace."""
    module = sys.modules.get(name)
    path = getattr(module, "__path__", None)
    if path is not None and not hasattr(path, "fidius_name"):
        return list(path)
    own, others = _entries(name, scope, None)
    spec = PathFinder.find_spec(name, own + others)
    return [] if spec is None else list(spec.submodule_search_locations or ())
