"""Trains a very small model and writes it as a wheel: ``python3 build_model_wheel.py <folder>``.

Models on an index are made in the same form: a package of Python with its weights as a data file.
"""

import json
import math
import os
import sys
import zipfile
from collections import Counter

POSITIVE = ["a lovely quiet film", "great acting and a great story", "moving and funny", "I loved it"]
NEGATIVE = ["a dull noisy film", "bad acting and a thin story", "boring and long", "I hated it"]

MODULE = '''"""Rates short texts in English."""

import json
from importlib.resources import files


class Model:
    def __init__(self):
        self.weights = json.loads(files(__name__).joinpath("weights.json").read_text(encoding="utf-8"))

    def rate(self, text):
        """Positive numbers for friendly texts, negative ones for others, 0 without a known word."""
        return sum(self.weights.get(word, 0.0) for word in text.lower().split())
'''


def train():
    good, bad = (Counter(word for text in texts for word in text.lower().split()) for texts in (POSITIVE, NEGATIVE))
    return {word: round(math.log((good[word] + 1) / (bad[word] + 1)), 6) for word in sorted(good + bad)}


def build(folder):
    info = "tiny_sentiment-1.0.0.dist-info"
    contents = {
        "tiny_sentiment/__init__.py": MODULE,
        "tiny_sentiment/weights.json": json.dumps(train()),
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny-sentiment\nVersion: 1.0.0\nRequires-Python: >=3.9\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: example\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    contents[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*contents, f"{info}/RECORD"])
    os.makedirs(folder, exist_ok=True)
    with zipfile.ZipFile(os.path.join(folder, "tiny_sentiment-1.0.0-py3-none-any.whl"), "w") as wheel:
        for path, text in contents.items():
            wheel.writestr(path, text)


if __name__ == "__main__":
    build(sys.argv[1])
