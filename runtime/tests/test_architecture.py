"""Holds the table of the runtime: which package may import which."""

import ast
import functools
import importlib.machinery
import os
import sys
import types
import unittest
import unittest.mock

import fidius_host
from fidius_host import lazy_imports

# From the bottom to the top: each entry imports only what is above it in this table, and only what its line says.
# `fidius_host` is the package itself; the names without a folder are modules.
TABLE = {
    "fidius_host": (),
    "lazy_imports": (),
    "doctor": (),
    "child": (),
    "codec": ("fidius_host",),
    "process": (),
    "imports": ("fidius_host",),
    "cli_support": ("imports", "process"),
    "interface_reader": ("imports",),
    "plugins": ("fidius_host", "codec", "imports"),
    "stopping": ("fidius_host", "imports"),
    "transport": ("codec",),
    "conversations": ("codec", "stopping", "transport"),
    "calls": ("codec", "conversations", "plugins", "process", "stopping", "transport"),
    "inline": ("codec", "plugins", "process", "stopping"),
    "server": ("calls", "codec", "conversations", "plugins", "process", "stopping", "transport"),
    "shutdown": ("lazy_imports",),
    "host_api": ("codec", "lazy_imports", "plugins", "process", "shutdown"),
    "startup": ("host_api", "imports", "process"),
    # The program: it starts an interpreter, as the host does.
    "server.__main__": ("child", "imports", "server", "shutdown", "startup"),
}

ROOT = os.path.dirname(fidius_host.__file__)


def source_files():
    """Return the dotted name of each module below ``fidius_host`` and its path."""
    found = {}
    for folder, _, names in os.walk(ROOT):
        parts = os.path.relpath(folder, ROOT).split(os.sep) if folder != ROOT else []
        for name in names:
            if name.endswith(".py"):
                module = parts + ([] if name == "__init__.py" else [name[:-3]])
                found[".".join(module) or "fidius_host"] = os.path.join(folder, name)
    return found


FILES = source_files()


@functools.lru_cache(None)
def parse(module):
    with open(FILES[module], encoding="utf-8") as file:
        return ast.parse(file.read())


@functools.lru_cache(None)
def imports_of(module):
    """Return the modules of the runtime that a module imports, at any place in its code."""
    is_package = FILES[module].endswith("__init__.py")
    parts = [] if module == "fidius_host" else module.split(".")
    package = parts if is_package else parts[:-1]
    found = set()
    for node in ast.walk(parse(module)):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
        elif node.module and node.module.split(".")[0] == "fidius_host":
            base = node.module.split(".")[1:]
        else:
            continue
        for alias in node.names:
            name = ".".join(base + [alias.name])
            found.add(name if name in FILES else ".".join(base) or "fidius_host")
    return found


def entry_of(module):
    return module if module in TABLE else module.split(".")[0]


class ImportsTest(unittest.TestCase):
    def test_every_file_belongs_to_the_table(self):
        self.assertEqual({entry_of(module) for module in FILES}, set(TABLE))

    def test_the_table_has_one_direction(self):
        above = []
        for entry, allowed in TABLE.items():
            self.assertEqual([other for other in allowed if other not in above], [], entry)
            above.append(entry)

    def test_files_import_only_what_the_table_allows(self):
        for module in FILES:
            entry = entry_of(module)
            for other in imports_of(module):
                if entry_of(other) != entry:
                    self.assertIn(entry_of(other), TABLE[entry], "%s imports %s" % (module, other))

    def test_the_table_allows_nothing_that_is_not_used(self):
        used = {(entry_of(module), entry_of(other)) for module in FILES for other in imports_of(module)}
        for entry, allowed in TABLE.items():
            self.assertEqual([other for other in allowed if (entry, other) not in used], [], entry)

    def test_files_do_not_import_each_other_in_a_circle(self):
        finished = set()

        def visit(module, path):
            self.assertNotIn(module, path, "circle")
            if module not in finished:
                for other in imports_of(module):
                    if other != module:
                        visit(other, path + [module])
                finished.add(module)

        for module in FILES:
            visit(module, [])


class LazyImportsTest(unittest.TestCase):
    def test_name_only_modules_that_exist(self):
        self.assertEqual(lazy_imports.MODULES - set(FILES), set())

    def test_name_no_module_that_loads_others_by_name(self):
        for module in lazy_imports.MODULES:
            self.assertNotIn("lazy_imports", imports_of(module), module)

    def test_reject_a_module_that_is_not_listed(self):
        with self.assertRaisesRegex(ValueError, "'plugins.loading' is not listed in lazy_imports.MODULES"):
            lazy_imports.load("plugins.loading")

    def test_do_not_return_a_module_that_another_thread_is_still_importing(self):
        name = "fidius_host.doctor"
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        module.__spec__._initializing = True
        with unittest.mock.patch.dict(sys.modules, {name: module}):
            self.assertIsNone(lazy_imports.loaded("doctor"))
            module.__spec__._initializing = False
            self.assertIs(lazy_imports.loaded("doctor"), module)

    def test_are_the_only_imports_by_name(self):
        for module in FILES:
            if module == "lazy_imports":
                continue
            tree = parse(module)
            docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            names = [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
                if "fidius_host." in node.value
            ]
            self.assertEqual(names, [], module)


class FoldersTest(unittest.TestCase):
    def test_have_at_most_twelve_files(self):
        counts = {}
        for module, path in FILES.items():
            counts.setdefault(os.path.dirname(path), []).append(module)
        self.assertEqual([modules for modules in counts.values() if len(modules) > 12], [])


if __name__ == "__main__":
    unittest.main()
