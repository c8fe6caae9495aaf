"""Replicas that cannot be; no server is asked."""

import pytest

from django_fleet.checks.topology import check_deadlines, check_replicas
from django_fleet.routing.running import running


def found(project, **layout):
    """Id -> message of what the check says of a layout."""
    with project(layout):
        return {message.id: message for message in check_replicas()}


@pytest.mark.parametrize(
    "layout",
    [
        {"default": {}},
        {"default": None},
        {
            "default": {},
            "a": {"REPLICA_OF": "default"},
            "b": {"REPLICA_OF": "default", "WEIGHT": 0},
        },
        {"default": {}, "a": {"REPLICA_OF": None}},
    ],
)
def test_replicas_that_can_be(project, layout):
    """Nothing is said."""
    assert found(project, **layout) == {}


@pytest.mark.parametrize("value", ["nowhere", "", 7, True, ["default"], {"alias": "default"}])
def test_what_names_no_database_is_reported(project, value):
    """Whatever kind of value it is."""
    messages = found(project, default={}, a={"REPLICA_OF": value})
    assert set(messages) == {"fleet.E001"}
    assert "DATABASES['a']['REPLICA_OF'] names" in messages["fleet.E001"].msg
    assert "'default', 'a'" in messages["fleet.E001"].hint


def test_a_replica_of_a_replica_names_the_primary(project):
    """As it is to be written."""
    messages = found(project, default={}, a={"REPLICA_OF": "default"}, b={"REPLICA_OF": "a"})
    assert set(messages) == {"fleet.E002"}
    assert "is itself a replica (of 'default')" in messages["fleet.E002"].msg
    assert "REPLICA_OF = 'default'" in messages["fleet.E002"].hint


def test_every_database_of_a_circle_is_reported(project):
    """And one outside that leads into it is a replica of a replica."""
    with project(
        {
            "a": {"REPLICA_OF": "b"},
            "b": {"REPLICA_OF": "a"},
            "c": {"REPLICA_OF": "a"},
            "default": {},
        }
    ):
        messages = check_replicas()
        assert [message.id for message in messages] == ["fleet.E003", "fleet.E003", "fleet.E002"]
        assert "leads back to 'b'" in messages[1].msg
        assert running().fleet.primary_of("c") == "c"


def test_a_replica_of_another_kind_is_reported(project):
    """Both engines are named."""
    postgresql = {"ENGINE": "django.db.backends.postgresql", "REPLICA_OF": "default"}
    messages = found(project, default={}, a=postgresql)
    assert set(messages) == {"fleet.E014"}
    assert "backends.sqlite3" in messages["fleet.E014"].msg
    assert "backends.postgresql" in messages["fleet.E014"].msg


@pytest.mark.parametrize("tags", ["eu", [""], [1], {"eu": 1}, None])
def test_tags_that_are_no_list_of_words_are_reported(project, tags):
    """A text would be many tags of a letter each. Nobody finds the database by what stands there."""
    with project({"default": {"TAGS": tags}}):
        (message,) = [each for each in check_replicas() if each.id == "fleet.E023"]
        assert message.msg == f"DATABASES['default']['TAGS'] is {tags!r}."
        assert running().fleet.databases["default"].tags == frozenset()


@pytest.mark.parametrize(
    "key", ["REPLICAOF", "replica_of", "REPLICA-OF", "WEIGTH", "LOCALTY", "TAG"]
)
def test_a_key_that_is_nearly_ours_is_reported(project, key):
    """A replica whose ``REPLICA_OF`` is misspelt would be a primary, and nobody would say so."""
    messages = found(project, default={}, a={key: "default"})
    assert set(messages) == {"fleet.W011"}
    assert messages["fleet.W011"].msg == f"DATABASES['a'] has the key {key!r}, which nobody reads."
    assert "Did you mean '" in messages["fleet.W011"].hint


@pytest.mark.parametrize("key", ["CONN_MAX_AGE", "ATOMIC_REQUESTS", "TEST", "SCHEMA", "ROLE"])
def test_keys_of_others_are_theirs(project, key):
    """Of Django's, and of third-party backends."""
    assert found(project, default={key: {}}) == {}


def test_a_weight_is_reported_with_its_value(project):
    """Also of a database that is no replica."""
    messages = found(project, default={"WEIGHT": "many"})
    assert messages["fleet.E004"].msg == "DATABASES['default']['WEIGHT'] is 'many'."


POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"}


def deadlines(project, options):
    layout = {"default": {**POSTGRESQL, "OPTIONS": options}, "a": {"REPLICA_OF": "default"}}
    with project(layout):
        return check_deadlines()


def test_a_primary_without_a_deadline_for_connecting_is_reported(project):
    """Whoever connects to it while it hangs would wait for ever."""
    (message,) = deadlines(project, {})
    assert message.id == "fleet.W009"
    assert "DATABASES['default']" in message.msg
    assert '"connect_timeout": 2' in message.hint
    assert deadlines(project, {"connect_timeout": 5}) == []


def test_who_has_no_replicas_or_no_server_needs_no_deadline(project):
    """A database alone is Django's business; a file does not hang."""
    with project({"default": POSTGRESQL}):
        assert check_deadlines() == []
    with project({"default": {}, "a": {"REPLICA_OF": "default"}}):
        assert check_deadlines() == []
