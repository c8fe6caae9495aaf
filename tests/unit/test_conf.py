"""``FLEET`` in, a policy out."""

import dataclasses
import re
from types import SimpleNamespace

import pytest

from django_fleet import conf
from django_fleet.conf import KEYS, LEVELS, Policy
from django_fleet.errors import ConfigurationError, UnknownConsistencyError


@pytest.fixture
def settings(monkeypatch):
    """The settings that the reader sees, and nobody else."""
    made = SimpleNamespace()
    monkeypatch.setattr(conf, "settings", made)
    return made


def test_without_fleet_every_key_has_its_default(settings):
    """No placement, session consistency, five seconds."""
    assert conf.read() == Policy()
    assert conf.read() == Policy(
        placement={}, consistency="session", offline_s=5.0, unknown_keys=()
    )


def test_an_empty_fleet_is_no_fleet(settings):
    """The defaults of the reader are those of the policy."""
    settings.FLEET = {}
    assert conf.read() == Policy()


def test_every_key_is_read(settings):
    """And arrives under the name of its field."""
    settings.FLEET = {
        "PLACEMENT": {"shop": "a", "crm.Call": "b"},
        "CONSISTENCY": "eventual",
        "OFFLINE_S": 30,
        "TOKEN_WAIT_MS": 20,
        "TOKEN_CARRIER": "header",
        "MONITOR_S": 2,
        "READ_DEADLINE_S": 3,
        "MAX_LAG_S": 6,
        "MIN_REPLICAS": 7,
        "PRIMARY_UNITS_PER_S": 8,
        "FOLLOW_PRIMARY": False,
        "LOCALITY": "here",
        "MAX_SHIPPED_ROWS": 1,
        "MAX_SHIPPED_BYTES": 2,
        "SHIPPED_ROWS_BUDGET": 3,
        "OVER_BUDGET": "raise",
        "ENGINE": "off",
        "ENGINE_MAX_ROWS": 4,
        "ENGINE_MEMORY_MB": 5,
    }
    assert set(settings.FLEET) == set(KEYS)
    assert conf.read() == Policy(
        {"shop": "a", "crm.Call": "b"},
        "eventual",
        30.0,
        20.0,
        "header",
        2.0,
        3.0,
        6.0,
        7,
        8.0,
        False,
        "here",
        1,
        2,
        3,
        "raise",
        "off",
        4,
        5,
    )


def test_a_policy_does_not_change(settings):
    """Neither its fields nor its placement, nor with the dictionary that it was read from."""
    written = {"shop": "a"}
    settings.FLEET = {"PLACEMENT": written}
    policy = conf.read()
    written["crm"] = "b"
    assert dict(policy.placement) == {"shop": "a"}
    with pytest.raises(TypeError):
        policy.placement["crm"] = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy.consistency = "strong"


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_known(settings, level):
    """As a setting and by itself."""
    settings.FLEET = {"CONSISTENCY": level}
    assert conf.read().consistency == level
    assert conf.level(level, place="here") == level


def test_levels_by_label(settings):
    """``"*"`` is for the others; labels are the same in upper and lower case."""
    settings.FLEET = {"CONSISTENCY": {"*": "eventual", "shop.Tag": "strong", "CRM": "session"}}
    policy = conf.read()
    assert policy.consistency == "eventual"
    assert dict(policy.levels) == {"shop.tag": "strong", "crm": "session"}
    settings.FLEET = {"CONSISTENCY": {"shop": "eventual"}}
    assert conf.read().consistency == "session"


@pytest.mark.parametrize(
    ("said", "error", "named"),
    [
        ({"shop": "weak"}, UnknownConsistencyError, 'FLEET["CONSISTENCY"]["shop"]'),
        ({"*": None}, UnknownConsistencyError, 'FLEET["CONSISTENCY"]["*"]'),
        ({7: "strong"}, ConfigurationError, "7 is no label"),
    ],
)
def test_a_wrong_level_of_a_label_is_refused(settings, said, error, named):
    """The place is named."""
    settings.FLEET = {"CONSISTENCY": said}
    with pytest.raises(error, match=re.escape(named)):
        conf.read()


@pytest.mark.parametrize("level", ["", "Strong", None, 1, ["strong"]])
def test_an_unknown_level_is_refused(settings, level):
    """The place, the value and the levels are named."""
    settings.FLEET = {"CONSISTENCY": level}
    with pytest.raises(UnknownConsistencyError) as caught:
        conf.read()
    assert 'FLEET["CONSISTENCY"]' in str(caught.value)
    assert repr(level) in str(caught.value)
    assert "'eventual', 'session', 'strong'" in str(caught.value)


@pytest.mark.parametrize(
    ("fleet", "named"),
    [
        ([], "FLEET must be a dictionary"),
        (None, "FLEET must be a dictionary"),
        ({"PLACEMENT": ["shop"]}, 'FLEET["PLACEMENT"]'),
        ({"PLACEMENT": None}, 'FLEET["PLACEMENT"]'),
        ({"PLACEMENT": {"shop": None}}, "'shop': None"),
        ({"PLACEMENT": {7: "a"}}, "7: 'a'"),
        (
            {"OFFLINE_S": "5"},
            "FLEET[\"OFFLINE_S\"] must be a number of seconds, 0 or more, not '5'",
        ),
        ({"OFFLINE_S": True}, "not True"),
        ({"OFFLINE_S": -1}, "not -1"),
        ({"OFFLINE_S": None}, "not None"),
        ({"OFFLINE_S": float("nan")}, "not nan"),
        ({"OFFLINE_S": float("inf")}, "not inf"),
        ({"MAX_LAG_S": "30"}, "must be None or a number of seconds, 0 or more, not '30'"),
        ({"PRIMARY_UNITS_PER_S": -1}, "must be None or a number of units of work per second"),
        ({"SHIPPED_ROWS_BUDGET": -1}, "must be None or a whole number, 0 or more, not -1"),
        ({"READ_DEADLINE_S": 0}, "must be a number of seconds above 0, not 0"),
        ({"READ_DEADLINE_S": "2"}, "above 0, not '2'"),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused(settings, fleet, named):
    """When it is read, with the key and the value."""
    settings.FLEET = fleet
    with pytest.raises(ConfigurationError) as caught:
        conf.read()
    assert named in str(caught.value)


@pytest.mark.parametrize("seconds", [0, 0.5, 5])
def test_seconds_are_a_number(settings, seconds):
    """0 leaves nobody alone."""
    settings.FLEET = {"OFFLINE_S": seconds}
    assert conf.read().offline_s == float(seconds)


def test_unknown_keys_are_kept_for_the_check(settings):
    """Sorted, whatever they are."""
    settings.FLEET = {"PLACMENT": {}, "offline_s": 1, 7: 7, "CONSISTENCY": "strong"}
    assert conf.read().unknown_keys == ("7", "PLACMENT", "offline_s")
