"""What a program that uses python-shell writes itself: one JSON text per line, in and out. Takes the plugin's folder."""

import json
import sys

sys.path.insert(0, sys.argv[1])

import bench_plugin  # noqa: E402

for line in sys.stdin:
    name, *args = json.loads(line)
    sys.stdout.write(json.dumps(getattr(bench_plugin, name)(*args)) + "\n")
    sys.stdout.flush()
