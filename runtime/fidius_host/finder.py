"""First on ``sys.meta_path``: finds modules for the package that asks, and nothing that belongs to another one."""

import sys
from importlib.machinery import PathFinder, SourceFileLoader

from . import askers, external, guard, modules, namespaces, packages, search, units
from .packages import ENVIRONMENT


class PackageSourceLoader(SourceFileLoader):
    """Compiles source code, and runs no byte-code that lies in its ``__pycache__``: that is not what was signed and compared."""

    def path_stats(self, path):
        # What byte-code would be compared with. Without it none is read, and none is written.
        raise OSError("byte-code of packages is not run")


class _ArchiveLoader:
    """What ``zipimporter`` lacks before CPython 3.10: to run a module that is given, instead of making one of its own."""

    def __init__(self, importer):
        self._importer = importer

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self._importer.get_code(module.__name__), module.__dict__)

    def __getattr__(self, name):
        return getattr(self._importer, name)


class Finder:
    is_fidius = True
    sdk_folder = None

    @askers.as_machinery
    def find_spec(self, fullname, path=None, target=None):
        try:
            return self._find_spec(fullname, path, askers.frame_at(1))
        except ImportError as error:
            raise error.with_traceback(None)

    def _find_spec(self, fullname, path, frame):
        if fullname == modules.SDK:
            return self.sdk_folder and PathFinder.find_spec(fullname, [self.sdk_folder])
        parent = fullname.rpartition(".")[0]
        if parent in (modules.SDK, modules.RUNTIME):
            return PathFinder.find_spec(fullname, path)
        above = units.unit_of(sys.modules.get(parent)) if parent else None
        if above is None and not packages.open_packages:
            return None
        if parent and above is None and not any(packages.of_place(entry) for entry in path or ()):
            return self._find_external_below(fullname, path, frame)
        asker = askers.who(frame)
        if above is not None and not above.namespace:
            units.require(asker, above)
            return self._find_below(above, fullname, path)
        return self._find(fullname, None if above else path, asker, frame)

    def _find_below(self, unit, fullname, path):
        """A module below a regular package is what lies in its folder, and belongs to the same unit."""
        inside = unit.path + "/" if unit.path else None
        entries = []
        for entry in path or ():
            owner = packages.of_place(entry)
            if owner is None or owner in unit.holders or (inside and (entry + "/").startswith(inside)):
                entries.append(entry)
        spec = PathFinder.find_spec(fullname, entries)
        if spec is None:
            for scope in list(unit.holders) or [ENVIRONMENT]:
                found = search.outside(fullname, entries, scope)
                if found is not None:
                    spec = found.spec
                    break
        return spec and _guarded(spec, unit)

    def _find_external_below(self, fullname, path, frame):
        """A module below a package or namespace of the environment whose ``__path__`` leads out of the environment."""
        if not any(external.folder_is_external(entry) for entry in path or ()):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or not external.contains(search.place_of(spec)):
            return None
        return self._external(fullname, search.Found(spec, False), askers.who(frame), frame)

    def _external(self, fullname, found, asker, frame):
        """Note that a package imports an external module, or refuse it, and have later imports noted, too."""
        if not _is_import(frame):
            return found.spec
        external.note(external.importers(asker), fullname, found.place)
        unit = units.make(fullname, found, (ENVIRONMENT,))
        if isinstance(asker, units.Unit):
            asker.asked[fullname] = unit
        return _guarded(found.spec, unit)

    def _find(self, fullname, path, asker, frame):
        found, holders = self._search(fullname, path, asker)
        asked = asker.asked if isinstance(asker, units.Unit) else {}
        if found is None:
            asked[fullname] = None
            return self._not_found(fullname, path, holders, frame)
        if not found.own and not found.is_namespace and external.contains(found.place):
            return self._external(fullname, found, asker, frame)
        claimed = guard.is_claimed(fullname)
        if not found.own and claimed is None:
            asked[fullname] = ENVIRONMENT
            return found.spec
        if not found.own and not found.is_namespace:
            asked[fullname] = ENVIRONMENT
            holders = (ENVIRONMENT,)
        unit = units.make(fullname, found, holders)
        if found.own:
            asked[fullname] = unit
        return namespaces.make_spec(fullname, unit) if found.is_namespace else _guarded(found.spec, unit)

    def _search(self, fullname, path, asker):
        """What all packages mean for which a module asks, and which they are."""
        holders = list(asker.holders)
        if asker is askers.ANYONE:
            found = units.look_up(fullname, ENVIRONMENT, path)
            claimants = [each for each in list(packages.open_packages.values()) if fullname in each.claims]
            if found is not None or len(claimants) != 1:
                return found, (ENVIRONMENT,)
            holders = claimants
        holders = holders or [ENVIRONMENT]
        first = units.look_up(fullname, holders[0], path)
        for package in holders[1:]:
            other = units.look_up(fullname, package, path)
            if not _is_same(first, other):
                raise units.differing(first, other, fullname, package)
        return first, holders

    def _not_found(self, fullname, path, holders, frame):
        """Nothing is found. Python's own finders, which search all of ``sys.path``, must not find it after all."""
        if "." not in fullname or path is not None:
            if PathFinder.find_spec(fullname, path) is None:
                return None
        if _is_import(frame):
            raise units.missing(fullname, next(iter(holders), None))
        return None  # looked up without being imported: see lookups.py


def _is_import(frame):
    """Tell whether a search, whose frame is given, is made to import; otherwise the module is only looked up."""
    back = frame and frame.f_back
    return back is not None and back.f_code.co_name == "_find_and_load_unlocked"


def _is_same(first, other):
    if first is None or other is None:
        return first is other
    if first.is_namespace or other.is_namespace:
        return first.is_namespace and other.is_namespace
    if not first.own and not other.own:
        return True
    return first.place is not None and other.place is not None and modules.same_code(first.place, other.place)


def _guarded(spec, unit):
    if type(spec.loader) is SourceFileLoader and not unit.outside:
        spec.loader = PackageSourceLoader(spec.loader.name, spec.loader.path)
    elif type(spec.loader).__name__ == "zipimporter" and not hasattr(spec.loader, "exec_module"):
        spec.loader = _ArchiveLoader(spec.loader)
    guard.guard(spec, unit)
    return spec


finder = Finder()


def stand_first():
    """Be asked before all others, also after a plugin has put a finder of its own in front."""
    if sys.meta_path[:1] != [finder]:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        sys.meta_path.insert(0, finder)


def install(sdk_folder):
    """From now on. A ``fidius`` that ``site`` may have imported is not the SDK of this host."""
    finder.sdk_folder = sdk_folder
    for name in list(sys.modules):
        if name.partition(".")[0] == modules.SDK:
            del sys.modules[name]
    guard.install()
    stand_first()
