"""PluginError: what an author gives it is what a host can read."""

import copy
import pickle
import unittest

from fidius import PluginError


class UnknownStation(PluginError):
    """A subclass with additional parameters, as authors write them."""

    def __init__(self, station):
        super().__init__("UNKNOWN_STATION", f"no station {station}", {"station": station})


class PluginErrorTest(unittest.TestCase):
    def test_keeps_code_message_and_details(self):
        error = PluginError("EMPTY_PERIOD", "no rows", {"from": "2012-01-01", "rows": 0})

        self.assertEqual(error.code, "EMPTY_PERIOD")
        self.assertEqual(error.message, "no rows")
        self.assertEqual(error.details, {"from": "2012-01-01", "rows": 0})

    def test_reads_as_its_message(self):
        self.assertEqual(str(PluginError("CODE", "what went wrong")), "what went wrong")

    def test_has_no_details_unless_given(self):
        self.assertIsNone(PluginError("CODE", "message").details)

    def test_is_an_ordinary_exception(self):
        with self.assertRaisesRegex(Exception, "^message$"):
            raise PluginError("CODE", "message")

    def test_survives_pickling_and_copying(self):
        error = PluginError("CODE", "message", [1, 2])
        copies = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]

        for each in [*copies, copy.copy(error), copy.deepcopy(error)]:
            self.assertEqual((each.code, each.message, each.details), ("CODE", "message", [1, 2]))
            self.assertEqual(str(each), "message")

    def test_a_subclass_with_other_parameters_survives_pickling(self):
        error = pickle.loads(pickle.dumps(UnknownStation("Tacoma")))

        self.assertIsInstance(error, UnknownStation)
        self.assertEqual((error.code, error.details), ("UNKNOWN_STATION", {"station": "Tacoma"}))
