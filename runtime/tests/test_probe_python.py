import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import unittest

import probe_python


def probe(*prefix):
    """Return what the file prints when it is run as by the host."""
    command = [*prefix, "-E", "-s", "-S", probe_python.__file__]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


class ProbeTest(unittest.TestCase):
    def test_describes_the_interpreter_that_runs_it(self):
        answer = probe(sys.executable)

        self.assertEqual(answer["implementation"], sys.implementation.name)
        self.assertEqual(answer["version"], "%d.%d.%d" % sys.version_info[:3])
        self.assertEqual(answer["basePrefix"], sys.base_prefix)
        self.assertEqual(answer["config"]["LIBDIR"], sysconfig.get_config_var("LIBDIR"))

    def test_finds_the_virtual_environment_that_site_would_find(self):
        with tempfile.TemporaryDirectory() as folder:
            environment = os.path.join(os.path.realpath(folder), "mit Leerzeichen и кириллица")
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
            python = os.path.join(environment, "Scripts" if os.name == "nt" else "bin", "python")

            answer = probe(python)

            self.assertEqual(answer["executable"], python)
            self.assertEqual(answer["prefix"], environment)
            self.assertEqual(answer["basePrefix"], sys.base_prefix)
            # More than one where the distribution adds folders, as Debian does.
            self.assertEqual({path[: len(environment)] for path in answer["sitePackages"]}, {environment})


class JsonTest(unittest.TestCase):
    def test_equals_that_of_json(self):
        value = {
            "empty": {},
            "list": ["a", 1, None, True],
            "text": "quotes \" \\ control \n\x00 accents \xe9\u0416 beyond \U0001f40d",
        }

        self.assertEqual(json.loads(probe_python.to_json(value)), {**value, "list": ["a", 1, None, 1]})

    def test_keeps_a_path_that_is_not_utf8(self):
        path = os.fsdecode(b"/tmp/\xff")

        self.assertEqual(json.loads(probe_python.to_json(path)), path)


if __name__ == "__main__":
    unittest.main()
