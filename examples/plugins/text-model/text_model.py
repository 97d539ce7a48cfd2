"""A very small language model: each token is drawn from those that follow the one before it in a training text.

A large model has the same shape: it computes one token, yields it, and must free what it holds when its reader leaves.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from fidius import PluginError, method

__interface_hash__ = 0x35A480C7D10BF038

_TRAINING = """
the river runs to the sea and the sea runs to the sky and the sky falls on the hills as rain
and the rain fills the river and the river turns the mill and the mill grinds the corn
"""

_followers: dict[str, list[str]] = defaultdict(list)
_words = _TRAINING.split()
for _word, _next in zip(_words, _words[1:] + _words[:1]):
    _followers[_word].append(_next)


@method
def complete(prompt: str, seed: int) -> Iterator[str]:
    word = (prompt.split() or [""])[-1].lower()
    if word not in _followers:
        raise PluginError("UNKNOWN_WORD", f"the model does not know {word!r}", {"word": word})
    chance = random.Random(seed)
    print("model busy")
    try:
        while True:  # a model of word pairs never comes to an end
            word = chance.choice(_followers[word])
            yield f" {word}"
    finally:
        # Also when the reader has left or the call was cancelled.
        print("model free")
