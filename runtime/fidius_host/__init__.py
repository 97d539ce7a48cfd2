"""The part of fidius that runs inside Python: start-up, loading of packages, values, errors, calls.

The host imports it before any plugin. Its parent folder is not on ``sys.path`` afterwards.
"""

import os

FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
"""Code below this folder is the runtime: it belongs to no package and does not appear in tracebacks of plugins."""
