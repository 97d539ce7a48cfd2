"""What the SDK does where no host of this project runs the code: a test of an author, or another host."""

import copy
import pickle
import unittest

import fidius
from fidius import HostFunctionError, PluginError, host_functions, progress, trace_context


class HostFunctionsTest(unittest.TestCase):
    def test_fail_without_a_host_and_name_the_interface(self):
        prices = host_functions("Prices", version=1, interface_hash=0xFF)
        with self.assertRaises(HostFunctionError) as raised:
            prices.call(0, "pen")
        self.assertEqual(raised.exception.code, "FIDIUS_HOST_FUNCTIONS_ABSENT")
        self.assertIn("Prices", raised.exception.message)

    def test_fail_in_a_coroutine_too(self):
        call = host_functions("Prices", version=1, interface_hash=0xFF).call_async(0)
        with self.assertRaises(HostFunctionError):
            call.send(None)

    def test_are_one_object_for_one_declaration(self):
        first = host_functions("Same", version=1, interface_hash=1)
        self.assertIs(host_functions("Same", version=1, interface_hash=1), first)
        self.assertIsNot(host_functions("Same", version=2, interface_hash=1), first)
        self.assertIsNot(host_functions("Same", version=1, interface_hash=2), first)

    def test_show_what_they_are(self):
        self.assertEqual(repr(host_functions("Shown", version=3, interface_hash=1)), "<host functions Shown, version 3>")

    def test_errors_are_plugin_errors_that_can_be_copied(self):
        error = HostFunctionError("STOCK", "none left")
        self.assertIsInstance(error, PluginError)
        for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            self.assertEqual((other.code, other.message, str(other)), ("STOCK", "none left", "none left"))


class ProgressTest(unittest.TestCase):
    def test_does_nothing_outside_of_a_call(self):
        self.assertIsNone(progress(0.5, "half"))
        self.assertIsNone(progress())

    def test_refuses_what_is_not_a_fraction_or_a_text(self):
        for fraction in ("1", True, None.__class__):
            with self.assertRaises(TypeError):
                progress(fraction)
        for fraction in (-0.1, 1.5, float("nan")):
            with self.assertRaises(ValueError):
                progress(fraction)
        with self.assertRaises(TypeError):
            progress(0.5, 7)


class TraceContextTest(unittest.TestCase):
    def test_is_empty_outside_of_a_call(self):
        self.assertEqual(trace_context(), {})


class NamesTest(unittest.TestCase):
    def test_are_all_exported(self):
        for name in ("HostFunctionError", "HostFunctions", "host_functions", "progress", "trace_context"):
            self.assertIn(name, fidius.__all__)


if __name__ == "__main__":
    unittest.main()
