"""What a name means to a package: its own module, the standard library's, or that of the environment, in this order."""

import sys
from importlib.machinery import PathFinder

from . import modules, packages
from .packages import ENVIRONMENT


class Found:
    """What a search found. ``own`` when it lies in the package that asks, or was made by code of that package."""

    __slots__ = ("own", "spec")

    def __init__(self, spec, own):
        self.spec = spec
        self.own = own

    @property
    def is_namespace(self):
        return self.spec.loader is None

    @property
    def place(self):
        return place_of(self.spec)


def place_of(spec):
    """The file or folder of a module, by its spec; ``None`` for a built-in one, and for one made in memory."""
    if spec.submodule_search_locations is not None and spec.loader is not None:
        first = next((part for part in spec.submodule_search_locations if isinstance(part, str)), None)
        if first is not None:
            return first
    return spec.origin if spec.has_location else None


def find(name, scope, path=None):
    """What a package, or the environment, gets when it asks for a module that is not below a regular package of its own.

    ``path`` is the ``__path__`` of the parent, where that has one.

    :raises StandardName: the package has a module of its own under a name of the standard library.
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
        # The portions of a namespace that lie in the package, then those of the environment.
        found = PathFinder.find_spec(name, own + others)
    return Found(found, True)


def _own_or_standard(name, scope, found):
    if "." in name or not modules.is_standard(name):
        return found
    other = outside(name, None, ENVIRONMENT)
    if other is None or (other.place and found.place and modules.same_code(found.place, other.place)):
        return other or found
    raise StandardName(name, other.place or "a built-in module", found.place)


class StandardName(Exception):
    """A package asks for a module of its own that has a name of the standard library."""

    def __init__(self, name, standard, own):
        super().__init__(name)
        self.name = name
        self.standard = standard
        self.own = own


def outside(name, entries, scope):
    """What is found where no package lies, or by a finder that code of ``scope`` put on ``sys.meta_path``."""
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
            owner = packages.of_place(place_of(spec))
            if owner is None or owner is scope:
                return Found(spec, maker is not None or owner is scope)
    return None


def _maker_of(finder):
    """The unit whose code made a finder, or ``None`` for one of the environment."""
    kind = finder if isinstance(finder, type) else type(finder)
    spec = getattr(sys.modules.get(kind.__module__), "__spec__", None)
    unit = getattr(spec, "_fidius_unit", None)
    return None if unit is None or unit.outside else unit


def outside_entries():
    """``sys.path`` without what lies in packages."""
    return [entry for entry in sys.path if packages.of_place(entry) is None]


def _entries(name, scope, path):
    """Where to search: the entries inside the package, and those inside of no package."""
    parent = name.rpartition(".")[0]
    if not parent:
        every = sys.path
    elif path is not None:
        every = path
    else:
        every = portions(parent, scope)
    every = [entry for entry in every if isinstance(entry, str)]
    owners = [packages.of_place(entry) for entry in every]
    own = [entry for entry, owner in zip(every, owners) if owner is scope]
    return own, [entry for entry, owner in zip(every, owners) if owner is None]


def portions(name, scope):
    """The folders in which a package, or the environment, looks for what is below a package or namespace."""
    module = sys.modules.get(name)
    path = getattr(module, "__path__", None)
    if path is not None and not hasattr(path, "fidius_name"):
        return list(path)
    own, others = _entries(name, scope, None)
    spec = PathFinder.find_spec(name, own + others)
    return [] if spec is None else list(spec.submodule_search_locations or ())
