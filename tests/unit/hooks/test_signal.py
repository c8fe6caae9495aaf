"""Receivers that would find nothing to do are passed over, while a command runs."""

from django.dispatch import Signal

from django_fleet.context import NEEDLESS
from django_fleet.hooks.signal import without_needless


def test_a_needless_receiver_is_passed_over():
    """Only inside the block, only where it is named; the order of the others stays."""
    heard = []
    receivers = [lambda name=name, **_kwargs: heard.append(name) for name in "abc"]
    signal = Signal()
    for each in receivers:
        signal.connect(each)
    token = NEEDLESS.set(frozenset(receivers[1:2]))
    try:
        with without_needless(signal):
            signal.send(None)
        assert heard == ["a", "c"]
        signal.send(None)
        assert heard == ["a", "c", "a", "b", "c"]
    finally:
        NEEDLESS.reset(token)
    with without_needless(signal):
        signal.send(None)
    assert heard[-3:] == ["a", "b", "c"]


def test_a_signal_of_another_kind_is_left_alone():
    """It calls them all."""

    class Other(Signal):
        def _live_receivers(self, sender, more):
            raise NotImplementedError

    with without_needless(Other()) as nothing:
        assert nothing is None
