"""Rates texts. The model is loaded once, with the plugin, so that no call waits for it."""

from __future__ import annotations

from collections.abc import Iterator

from fidius import method
from tiny_sentiment import Model

__interface_hash__ = 0xF9F42C1E3F389454

_model = Model()


@method
def rate(text: str) -> float:
    return _model.rate(text)


@method
def rateAll(texts: Iterator[str]) -> Iterator[dict]:
    for text in texts:
        yield {"text": text, "score": _model.rate(text)}
