"""What this interpreter has taken in at its start that an isolated one (``python -I``) would not have."""

import os
import sys

_findings = []


def look(site):
    """Look once, when ``site`` has run: what is there later comes from plugins."""
    folder = site.USER_SITE
    if site.ENABLE_USER_SITE and isinstance(folder, str) and os.path.abspath(folder) in sys.path:
        _findings.append("the site-packages of the user (%s)" % folder)
    custom = sys.modules.get("usercustomize")
    if custom is not None:
        _findings.append("usercustomize (%s)" % getattr(custom, "__file__", "without a file"))


def tell_implicit(folder):
    """The environment was not named: it is the one in the folder that the program was started in."""
    _findings.append("the environment in the current folder (%s)" % folder)


def findings():
    return [text.encode("utf-8", "backslashreplace").decode() for text in _findings]
