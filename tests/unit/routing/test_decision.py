"""A decision carries its reason."""

import dataclasses

import pytest

from django_fleet.routing.decision import Chosen, Decision


def test_the_reason_is_both_halves():
    """Why this cluster, then why this node."""
    decision = Decision("replica", "default", "nothing places it", "a replica")
    assert decision.reason == "nothing places it; a replica"


def test_a_choice_is_not_explicit_and_may_be_redirected_unless_said():
    """What settings and objects name is a cluster."""
    chosen = Chosen("default", "why")
    assert (chosen.is_explicit, chosen.may_be_redirected) == (False, True)


def test_a_decision_does_not_change():
    """It is a value."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Decision("a", "a", "", "").alias = "b"
