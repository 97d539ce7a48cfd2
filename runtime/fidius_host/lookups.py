"""Ways to look a module or a distribution up without importing it: they answer for the package that asks, too."""

import sys
from importlib.machinery import PathFinder

from . import askers, packages, search, units

_done = False


def install():
    """Replace ``importlib.util.find_spec`` and the search of ``importlib.metadata``. With the first package."""
    global _done
    if _done:
        return
    _done = True
    import importlib.util

    askers.prepare()

    find_spec = importlib.util.find_spec

    def find_spec_for_asker(name, package=None):
        fullname = importlib.util.resolve_name(name, package) if name.startswith(".") else name
        asker = askers.who(askers.frame_at(1))
        unit = units.unit_of(sys.modules.get(fullname))
        if unit is not None:
            try:
                units.require(asker, unit, imports=False)
            except ModuleNotFoundError:
                return None
        spec = find_spec(name, package)
        owner = None if spec is None else packages.of_place(search.place_of(spec))
        return spec if owner is None or unit is not None or owner in asker.holders else None

    find_spec_for_asker.__doc__ = find_spec.__doc__
    find_spec_for_asker.__name__ = find_spec_for_asker.__qualname__ = "find_spec"
    importlib.util.find_spec = find_spec_for_asker

    find_distributions = PathFinder.find_distributions

    def find_distributions_for_asker(*args, **kwargs):
        context = args[0] if args else kwargs.get("context")
        if context is None or "path" not in vars(context):
            asker = askers.who(askers.frame_at(1))
            own, others = [], []
            for entry in sys.path:
                owner = packages.of_place(entry)
                if owner is None:
                    others.append(entry)
                elif owner in asker.holders:
                    own.append(entry)
            fields = dict(vars(context) if context is not None else {}, path=own + others)
            from importlib.metadata import DistributionFinder

            return find_distributions(DistributionFinder.Context(**fields))
        return find_distributions(*args, **kwargs)

    PathFinder.find_distributions = staticmethod(find_distributions_for_asker)
