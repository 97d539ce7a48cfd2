"""Namespaces (PEP 420) with parts in packages and in the environment: one module that shows each importer its own
parts.
"""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

from . import import_guard, importers, packages, search, units

try:
    from importlib.machinery import NamespaceLoader  # since 3.11
except ImportError:
    from importlib._bootstrap_external import _NamespaceLoader as NamespaceLoader


class Namespace(ModuleType):
    """A namespace module. Submodules are visible as attributes only to code that may import them."""

    def __setattr__(self, name, value):
        if not isinstance(value, ModuleType) or sys.modules.get(self.__name__ + "." + name) is not value:
            super().__setattr__(name, value)

    def __getattr__(self, name):
        module = sys.modules.get(self.__dict__["__name__"] + "." + name)
        if module is not None:
            unit = units.unit_of(module)
            if unit is None:
                return module
            try:
                units.require(importers.importer_of(importers.frame_at(1)), unit)
                return module
            except ImportError:
                pass  # `from … import` then imports the module itself, and raises the same error
        raise AttributeError("module %r has no attribute %r" % (self.__dict__["__name__"], name))


class _NamespacePath:
    """The folders of a namespace, depending on the importer.

    ``importlib.resources`` recognises this class by its name.
    """

    def __init__(self, name):
        self.fidius_name = name

    def of(self, importer):
        found = []
        for scope in importer.holders or (packages.ENVIRONMENT,):
            for part in search.portions(self.fidius_name, scope):
                if part not in found:
                    found.append(part)
        return found

    def _own(self):
        return self.of(importers.importer_of(importers.frame_at(2)))

    def __iter__(self):
        return iter(self._own())

    def __getitem__(self, index):
        return self._own()[index]

    def __len__(self):
        return len(self._own())

    def __contains__(self, item):
        return item in self._own()

    def __repr__(self):
        return "_NamespacePath(%r)" % self._own()


class _Loader(NamespaceLoader):
    def __init__(self, path):
        self._path = path

    def create_module(self, spec):
        return Namespace(spec.name)

    def exec_module(self, module):
        pass


def make_spec(name, unit):
    path = _NamespacePath(name)
    spec = ModuleSpec(name, _Loader(path))
    spec.submodule_search_locations = path
    import_guard.guard(spec, unit)
    return spec


def adopt(name):
    """Convert a namespace that the environment has imported into one that shows each importer its own parts."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    if type(module) is not ModuleType or type(spec) is not ModuleSpec or spec.has_location:
        return
    if spec.submodule_search_locations is None:
        return
    path = _NamespacePath(name)
    unit = units.by_name[name] = units.Unit(name, None, (packages.ENVIRONMENT,), namespace=True)
    for child, value in list(vars(module).items()):
        if isinstance(value, ModuleType) and sys.modules.get(name + "." + child) is value:
            delattr(module, child)
    spec.loader = module.__loader__ = _Loader(path)
    spec.submodule_search_locations = module.__path__ = path
    module.__class__ = Namespace
    import_guard.guard(spec, unit)
