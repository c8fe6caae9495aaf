"""Batches read ahead by a thread; no database is asked."""

import threading

import pytest

from django_fleet.queries.engine.ahead import DEPTH, Ahead


class Source:
    """Numbers, and what was asked of them."""

    def __init__(self, until, error=None):
        self.given = 0
        self.is_closed = False
        self._until = until
        self._error = error

    def __iter__(self):
        return self

    def __next__(self):
        if self.given == self._until:
            raise self._error or StopIteration
        self.given += 1
        return self.given

    def close(self):
        self.is_closed = True


def threads():
    return [each for each in threading.enumerate() if each.name == "fleet-engine"]


def test_every_batch_comes_once_and_in_order():
    """The source is closed at its end."""
    source = Source(50)
    ahead = Ahead(source)
    assert list(ahead) == list(range(1, 51))
    ahead.close()
    assert source.is_closed
    assert threads() == []


def test_an_error_comes_behind_the_batches_before_it():
    """As if nobody had read ahead."""
    ahead = Ahead(Source(3, error=ValueError("broken")))
    found = []
    with pytest.raises(ValueError, match="broken"):
        for batch in ahead:
            found.append(batch)  # noqa: PERF402 -- the list is looked at after the error
    assert found == [1, 2, 3]
    ahead.close()


def test_only_a_few_batches_wait():
    """However large the table is."""
    source = Source(10_000)
    ahead = Ahead(source)
    reading = iter(ahead)
    for _ in range(10):
        next(reading)
    assert source.given <= 10 + DEPTH + 1
    ahead.close()
    assert source.is_closed
    assert source.given < 10_000
    assert threads() == []
