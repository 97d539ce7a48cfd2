"""The registry: what a module marks, and which markings count when the module is run again."""

import functools
import importlib
import importlib.util
import sys
import tempfile
import textwrap
import threading
import unittest
from pathlib import Path

from fidius import get_method, list_methods, method, reset_registry


class MarkingTest(unittest.TestCase):
    def setUp(self):
        reset_registry()
        self.addCleanup(reset_registry)

    def test_returns_the_function_itself(self):
        def greet(name):
            return name

        self.assertIs(method(greet), greet)
        self.assertIs(get_method("greet"), greet)

    def test_finds_a_method_by_its_module(self):
        @method
        def greet():
            pass

        self.assertIs(get_method("greet", __name__), greet)
        with self.assertRaisesRegex(KeyError, "no method greet is marked in elsewhere"):
            get_method("greet", "elsewhere")

    def test_says_which_method_is_unknown(self):
        with self.assertRaisesRegex(KeyError, "no method missing is marked in any module"):
            get_method("missing")

    def test_lists_names_sorted(self):
        for name in ("wind", "rain", "sun"):
            method(function_named(name))

        self.assertEqual(list_methods(), ["rain", "sun", "wind"])
        self.assertEqual(list_methods(__name__), ["rain", "sun", "wind"])
        self.assertEqual(list_methods("elsewhere"), [])

    def test_lets_two_modules_use_one_name_and_asks_which_is_meant(self):
        ours, theirs = function_named("greet"), function_named("greet", module="theirs")
        method(ours)
        method(theirs)

        self.assertIs(get_method("greet", "theirs"), theirs)
        self.assertEqual(list_methods(), ["greet"])
        with self.assertRaisesRegex(KeyError, "several modules, name one of them: .*theirs"):
            get_method("greet")

    def test_refuses_a_second_method_of_one_name(self):
        first = method(function_named("greet"))

        with self.assertRaisesRegex(ValueError, f"module {__name__} marks two methods of the name greet"):
            method(function_named("greet"))
        self.assertIs(get_method("greet"), first)

    def test_refuses_the_same_function_twice(self):
        greet = method(function_named("greet"))

        with self.assertRaises(ValueError):
            method(greet)

    def test_refuses_a_function_that_poses_as_one_of_another_module(self):
        """functools.wraps copies __module__ too; the method of the live module must not be replaced by it."""
        original = method(function_named("greet", module="json"))

        with self.assertRaises(ValueError):
            method(functools.wraps(original)(lambda: None))
        self.assertIs(get_method("greet", "json"), original)

    def test_refuses_what_has_no_name(self):
        for nameless in (functools.partial(print), 3, "greet"):
            with self.assertRaisesRegex(TypeError, "@method marks a function, got"):
                method(nameless)

    def test_forgets_everything_on_reset(self):
        method(function_named("greet"))

        reset_registry()

        self.assertEqual(list_methods(), [])
        method(function_named("greet"))

    def test_marks_from_many_threads_lose_nothing(self):
        names = [f"method_{number:03}" for number in range(200)]
        barrier = threading.Barrier(8)

        def mark(own):
            barrier.wait()
            for name in own:
                method(function_named(name))

        threads = [threading.Thread(target=mark, args=(names[start::8],)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual(list_methods(), names)


class RunAgainTest(unittest.TestCase):
    """Modules that are executed more than once, from real files."""

    def setUp(self):
        reset_registry()
        self.addCleanup(reset_registry)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        sys.path.insert(0, folder.name)
        self.addCleanup(sys.path.remove, folder.name)
        self.addCleanup(self.forget_modules)

    def forget_modules(self):
        for name in [name for name in sys.modules if name.startswith("again_")]:
            del sys.modules[name]

    def write(self, name, source):
        (self.folder / f"{name}.py").write_text("from fidius import method\n" + textwrap.dedent(source), "utf-8")
        importlib.invalidate_caches()

    def test_a_retried_import_shows_the_same_mistake_again(self):
        self.write(
            "again_broken",
            """
            @method
            def greet(): pass
            raise RuntimeError("the real mistake")
            """,
        )

        for _ in range(3):
            with self.assertRaisesRegex(RuntimeError, "the real mistake"):
                importlib.import_module("again_broken")

    def test_a_mended_module_replaces_what_its_failed_import_left(self):
        self.write("again_mended", "@method\ndef greet(): return 'old'\n@method\ndef gone(): pass\n1 / 0\n")
        with self.assertRaises(ZeroDivisionError):
            importlib.import_module("again_mended")

        self.write("again_mended", "@method\ndef greet(): return 'a longer, mended text'\n")
        module = importlib.import_module("again_mended")

        self.assertIs(get_method("greet", "again_mended"), module.greet)
        self.assertEqual(list_methods("again_mended"), ["greet"])

    def test_a_retry_still_finds_a_true_duplicate(self):
        self.write("again_twice", "@method\ndef greet(): pass\n@method\ndef greet(): pass\n")

        for _ in range(2):
            with self.assertRaisesRegex(ValueError, "marks two methods of the name greet"):
                importlib.import_module("again_twice")

    def test_a_reload_replaces_the_methods(self):
        self.write("again_reloaded", "@method\ndef greet(): pass\n@method\ndef gone(): pass\n")
        module = importlib.import_module("again_reloaded")

        self.write("again_reloaded", "@method\ndef greet(): return 'new, and of another length'\n")
        importlib.reload(module)

        self.assertIs(get_method("greet"), module.greet)
        self.assertEqual(list_methods("again_reloaded"), ["greet"])

    def test_a_reload_that_fails_can_be_repeated(self):
        self.write("again_failing", "@method\ndef greet(): pass\n")
        module = importlib.import_module("again_failing")
        self.write("again_failing", "@method\ndef greet(): pass\nraise RuntimeError('the real mistake')\n")

        for _ in range(2):
            with self.assertRaisesRegex(RuntimeError, "the real mistake"):
                importlib.reload(module)

    def test_a_module_taken_out_of_sys_modules_can_be_imported_again(self):
        self.write("again_unloaded", "@method\ndef greet(): pass\n")
        first = importlib.import_module("again_unloaded")

        del sys.modules["again_unloaded"]
        second = importlib.import_module("again_unloaded")

        self.assertIsNot(first.greet, second.greet)
        self.assertIs(get_method("greet"), second.greet)

    def test_a_module_run_without_being_imported_counts_too(self):
        self.write("again_private", "@method\ndef greet(): pass\n@method\ndef wave(): pass\n")

        first, second = self.run_privately("again_private"), self.run_privately("again_private")

        self.assertIsNot(first.greet, second.greet)
        self.assertIs(get_method("greet"), second.greet)
        self.assertEqual(list_methods(), ["greet", "wave"])

    def test_code_run_in_a_bare_namespace_counts_too(self):
        """As runpy does it: no spec, only a separate namespace."""
        source = "from fidius import method\n@method\ndef greet(): pass\n"

        first, second = {"__name__": "again_bare"}, {"__name__": "again_bare"}
        exec(source, first)
        exec(source, second)

        self.assertIs(get_method("greet", "again_bare"), second["greet"])
        with self.assertRaises(ValueError):
            exec(source, second)

    def test_methods_wrapped_by_another_module_belong_to_their_own(self):
        self.write(
            "again_wrapping",
            """
            import functools
            def logged(function):
                @functools.wraps(function)
                def wrapper(): return function()
                return wrapper
            """,
        )
        self.write(
            "again_wrapped",
            """
            from again_wrapping import logged
            @method
            def plain(): pass
            @method
            @logged
            def wrapped(): pass
            """,
        )

        importlib.import_module("again_wrapped")
        del sys.modules["again_wrapped"]
        importlib.import_module("again_wrapped")
        self.assertEqual(list_methods("again_wrapped"), ["plain", "wrapped"])

        del sys.modules["again_wrapped"]
        self.run_privately("again_wrapped")
        self.assertEqual(list_methods("again_wrapped"), ["plain", "wrapped"])

    def run_privately(self, name):
        spec = importlib.util.spec_from_file_location(name, self.folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def function_named(name, module=__name__):
    def function():
        pass

    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    return function
