"""Result streams that the host reads on its own thread, one step per call."""

import itertools
import time

from .. import codec
from ..codec import error_description, items
from ..plugins import loading
from ..stopping.interruption import FidiusCancelled

_STEP_SECONDS = 0.0002
"""A step ends after this time, so that the first items of a slow generator are not kept back."""

_numbers = itertools.count(1)
_streams = {}


class _Stream:
    def __init__(self, plugin, context, iterator):
        self.plugin = plugin
        self.context = context
        self.iterator = iterator
        self.produced = 0


def start(number, method, arguments):
    """Call a method of a plugin. Returns ``{stream}``, or ``{error}``: the description of what it raised."""
    context = loading.contexts(number).new()
    function = loading.callables(number)[method]
    try:
        result = context.run(function, *codec.decode(arguments))
        iterator = context.run(items.iterator_of, result)
    except FidiusCancelled:
        raise
    except BaseException as error:
        return {"error": error_description.encoded(error)}
    if items.is_async_iterator(iterator):
        return {"asynchronous": True}
    stream = next(_numbers)
    _streams[stream] = _Stream(number, context, iterator)
    return {"stream": stream}


def step(number, most):
    """Return the next items, at most ``most``: ``{form, count, payload, done, error}``. The stream is forgotten at its end."""
    stream = _streams[number]
    produced = []
    done, error, form = True, None, items.SCALARS
    until = time.perf_counter() + _STEP_SECONDS
    advance = stream.iterator.__next__
    try:
        while len(produced) < most:
            item = stream.context.run(advance)
            if form == items.SCALARS and not items.is_unchanging(item):
                form = items.SEVERAL
                produced = [codec.encode(each) for each in produced]
            produced.append(item if form == items.SCALARS else items.encode_item(item, stream.produced))
            stream.produced += 1
            if time.perf_counter() > until:
                break
        done = False
    except StopIteration:
        pass
    except FidiusCancelled:
        close(number)
        raise
    except BaseException as raised:
        items.close(stream.iterator)
        error = error_description.encoded(raised)
    if done:
        _streams.pop(number, None)
    payload = codec.encode(produced) if form == items.SCALARS else items.join(produced)
    return {"form": form, "count": len(produced), "payload": payload, "done": done, "error": error}


def close(number):
    """End a stream early."""
    stream = _streams.pop(number, None)
    if stream is not None:
        stream.context.run(items.close, stream.iterator)


def _close_all(plugin):
    for number, stream in list(_streams.items()):
        if stream.plugin == plugin:
            close(number)


loading.before_unload.append(_close_all)
