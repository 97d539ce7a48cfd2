import json
import subprocess
import sys
import unittest

from fidius_host import doctor


class ReportTest(unittest.TestCase):
    def test_is_plain_data(self):
        report = doctor.report()

        self.assertEqual(json.loads(json.dumps(report)), report)
        self.assertEqual(report["version"], "%d.%d.%d" % sys.version_info[:3])

    def test_names_the_libraries_that_modules_run_with(self):
        report = doctor.report()

        for name in ("openssl", "zlib"):
            if report[name] is not None:
                self.assertRegex(report[name]["running"], r"^\d+\.\d+")

    def test_reports_which_modules_cannot_be_imported_and_why(self):
        # None in sys.modules is how Python marks a module that must not be imported.
        script = (
            "import sys; sys.modules['lzma'] = None\n"
            "from fidius_host import doctor\n"
            "print(doctor.report()['missing']['lzma'])"
        )

        answer = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)

        self.assertIn(b"ModuleNotFoundError: import of lzma halted", answer.stdout)

    def test_is_printed_when_the_file_is_run(self):
        command = [sys.executable, "-I", "-S", doctor.__file__]

        answer = subprocess.run(command, stdout=subprocess.PIPE, check=True)

        self.assertEqual(json.loads(answer.stdout)["executable"], sys.executable)


class OpenSslVersionTest(unittest.TestCase):
    def test_has_a_letter_before_version_3(self):
        self.assertEqual(doctor._openssl_version((1, 1, 1, 20, 15)), "1.1.1t")
        self.assertEqual(doctor._openssl_version((1, 1, 1, 0, 15)), "1.1.1")

    def test_has_three_numbers_since_version_3(self):
        self.assertEqual(doctor._openssl_version((3, 0, 0, 16, 0)), "3.0.16")


if __name__ == "__main__":
    unittest.main()
