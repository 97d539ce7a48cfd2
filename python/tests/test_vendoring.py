"""The SDK as a package carries it."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

project = Path(__file__).parent.parent
asks_for_its_file = "import fidius, sys; sys.stdout.write(fidius.__file__)"


def can_build_packages():
    """Whether pip can build the SDK with what is installed; otherwise it would fetch its tools from the network."""
    return all(importlib.util.find_spec(name) for name in ("pip", "flit_core"))


class VendoringTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.vendor = Path(folder.name, "vendor")

    def test_a_copied_folder_is_all_that_is_needed(self):
        shutil.copytree(project / "fidius", self.vendor / "fidius", ignore=shutil.ignore_patterns("__pycache__"))

        self.assertEqual(self.imported_file(), self.vendor / "fidius" / "__init__.py")

    @unittest.skipUnless(can_build_packages(), "this Python lacks pip or flit_core")
    def test_pip_installs_it_with_its_types_and_nothing_else(self):
        copy = self.vendor.parent / "source"
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
            + ["--no-build-isolation", "--target", str(self.vendor), str(copy)],
            check=True,
            capture_output=True,
        )

        self.assertEqual(self.imported_file(), self.vendor / "fidius" / "__init__.py")
        self.assertTrue((self.vendor / "fidius" / "py.typed").is_file())
        self.assertFalse([each.name for each in copy.iterdir() if each.name in ("build", "fidius.egg-info")])
        self.assertEqual([each.name for each in self.vendor.iterdir() if not each.match("*.dist-info")], ["fidius"])

    def imported_file(self):
        program = f"import sys; sys.path.insert(0, {str(self.vendor)!r}); {asks_for_its_file}"
        answer = subprocess.run([sys.executable, "-I", "-B", "-c", program], check=True, capture_output=True, text=True)
        return Path(answer.stdout)
