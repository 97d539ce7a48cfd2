"""The end of a process together with its host, where a second process watches."""

import os
import signal
import socket
import subprocess
import sys
import unittest

_RUNTIME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from fidius_host.child import host_watch
host_watch.watch_from_second_process(int(sys.argv[2]), float(sys.argv[3]))
sys.stdout.write("ready\\n")
sys.stdout.flush()
%s
"""

_HOLD = "sum(range(1 << 60))"
"""Holds the GIL in C."""


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class SecondProcessTest(unittest.TestCase):
    def start(self, last_line, grace_seconds=0.1):
        host, control = socket.socketpair()
        self.addCleanup(host.close)
        with control:
            arguments = [_RUNTIME, str(control.fileno()), str(grace_seconds)]
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _PROGRAM % last_line, *arguments],
                pass_fds=[control.fileno()],
                stdout=subprocess.PIPE,
            )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return host, process

    def test_kills_a_process_that_holds_the_gil_when_the_host_has_ended(self):
        host, process = self.start(_HOLD)
        host.close()
        self.assertEqual(process.wait(20), -signal.SIGKILL)

    def test_lets_a_process_end_by_itself_within_the_grace_period(self):
        host, process = self.start("import time; time.sleep(0.2); sys.exit(3)", grace_seconds=20)
        host.close()
        self.assertEqual(process.wait(20), 3)

    def test_ends_with_the_process(self):
        host, process = self.start("")
        self.assertEqual(process.wait(20), 0)
        host.settimeout(20)
        self.assertEqual(host.recv(1), b"", "the second process has closed its copy of the channel")

    def test_does_not_disturb_the_channel(self):
        host, process = self.start("import socket; s = socket.socket(fileno=int(sys.argv[2])); s.sendall(s.recv(4))")
        host.sendall(b"ping")
        host.settimeout(20)
        self.assertEqual(host.recv(4), b"ping")
        self.assertEqual(process.wait(20), 0)


if __name__ == "__main__":
    unittest.main()
