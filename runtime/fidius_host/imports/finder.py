"""The first finder on ``sys.meta_path``: finds modules for the importing package, and none that belong to another
package.
"""

import sys
from importlib.machinery import PathFinder, SourceFileLoader

from . import external_modules, import_guard, importers, modules, namespaces, packages, search, units
from .packages import ENVIRONMENT


class PackageSourceLoader(SourceFileLoader):
    """Compiles source code and ignores byte-code in ``__pycache__``, which was neither signed nor compared."""

    def path_stats(self, path):
        # Byte-code is compared with these values. Without them it is neither read nor written.
        raise OSError("byte-code of packages is not run")


class _ArchiveLoader:
    """Adds to ``zipimporter`` what it lacks before CPython 3.10: it can only load into a module that it makes itself.
    """

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

    @importers.as_machinery
    def find_spec(self, fullname, path=None, target=None):
        try:
            return self._find_spec(fullname, path, importers.frame_at(1))
        except ImportError as error:
            raise error.with_traceback(None)

    def _find_spec(self, fullname, path, frame):
        if fullname == modules.SDK:
            return self.sdk_folder and PathFinder.find_spec(fullname, [self.sdk_folder])
        parent = fullname.rpartition(".")[0]
        if parent.partition(".")[0] in (modules.SDK, modules.RUNTIME):
            return PathFinder.find_spec(fullname, path)
        above = units.unit_of(sys.modules.get(parent)) if parent else None
        if above is None and not packages.open_packages:
            return None
        if parent and above is None and not any(packages.of_path(entry) for entry in path or ()):
            return self._find_external_below(fullname, path, frame)
        importer = importers.importer_of(frame)
        if above is not None and not above.namespace:
            units.require(importer, above)
            return self._find_below(above, fullname, path)
        return self._find(fullname, None if above else path, importer, frame)

    def _find_below(self, unit, fullname, path):
        """Find a module below a regular package: it lies in the folder of that package and belongs to the same unit."""
        inside = unit.path + "/" if unit.path else None
        entries = []
        for entry in path or ():
            owner = packages.of_path(entry)
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
        if not any(external_modules.folder_is_external(entry) for entry in path or ()):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or not external_modules.contains(search.location_of(spec)):
            return None
        return self._external(fullname, search.Found(spec, False), importers.importer_of(frame), frame)

    def _external(self, fullname, found, importer, frame):
        """Note that a package imports an external module, or refuse it, and have later imports noted, too."""
        if not _is_import(frame):
            return found.spec
        external_modules.note(external_modules.importing_packages(importer), fullname, found.location)
        unit = units.make(fullname, found, (ENVIRONMENT,))
        if isinstance(importer, units.Unit):
            importer.imported[fullname] = unit
        return _guarded(found.spec, unit)

    def _find(self, fullname, path, importer, frame):
        found, holders = self._search(fullname, path, importer)
        imported = importer.imported if isinstance(importer, units.Unit) else {}
        if found is None:
            imported[fullname] = None
            return self._not_found(fullname, path, holders, frame)
        if not found.own and not found.is_namespace and external_modules.contains(found.location):
            return self._external(fullname, found, importer, frame)
        claimed = import_guard.find_claim(fullname)
        if not found.own and claimed is None:
            imported[fullname] = ENVIRONMENT
            return found.spec
        if not found.own and not found.is_namespace:
            imported[fullname] = ENVIRONMENT
            holders = (ENVIRONMENT,)
        unit = units.make(fullname, found, holders)
        if found.own:
            imported[fullname] = unit
        return namespaces.make_spec(fullname, unit) if found.is_namespace else _guarded(found.spec, unit)

    def _search(self, fullname, path, importer):
        """Return what the name means to all packages for which a module imports it, and these packages."""
        holders = list(importer.holders)
        if importer is importers.UNKNOWN:
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
        """Handle a name that was not found: Python's own finders search all of ``sys.path`` and must not find it
        either.
        """
        if "." not in fullname or path is not None:
            if PathFinder.find_spec(fullname, path) is None:
                return None
        if _is_import(frame):
            raise units.missing(fullname, next(iter(holders), None))
        return None  # looked up and not imported: see patched_lookups.py


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
    if first.location is None or other.location is None:
        return False
    return modules.same_code(first.location, other.location)


def _guarded(spec, unit):
    if type(spec.loader) is SourceFileLoader and not unit.outside:
        spec.loader = PackageSourceLoader(spec.loader.name, spec.loader.path)
    elif type(spec.loader).__name__ == "zipimporter" and not hasattr(spec.loader, "exec_module"):
        spec.loader = _ArchiveLoader(spec.loader)
    import_guard.guard(spec, unit)
    return spec


finder = Finder()


def ensure_first():
    """Move the finder to the first position, also after a plugin has put its own finder there."""
    if sys.meta_path[:1] != [finder]:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        sys.meta_path.insert(0, finder)


def install(sdk_folder):
    """Install the finder. A ``fidius`` that ``site`` may have imported is removed: it is not the SDK of this host."""
    finder.sdk_folder = sdk_folder
    for name in list(sys.modules):
        if name.partition(".")[0] == modules.SDK:
            del sys.modules[name]
    import_guard.install()
    ensure_first()
