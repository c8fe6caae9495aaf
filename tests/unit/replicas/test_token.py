"""The token of a session: written and read, tampered with, of others, merged."""

import logging

import pytest
from django.core import signing
from django.db import connections, transaction
from django.test import override_settings

from django_fleet.context import UnitOfWork, unit
from django_fleet.replicas.sight import NOTHING, Sight
from django_fleet.replicas.token import SALT, issue, resume
from django_fleet.routing.running import running

LAYOUT = {
    "default": {},
    "replica": {"REPLICA_OF": "default"},
    "other": {},
    "other-replica": {"REPLICA_OF": "other"},
}
PRIMARIES = ("default", "other")


@pytest.fixture(autouse=True)
def fleet(project):
    """Two clusters of SQLite databases in memory."""
    with project(LAYOUT):
        yield


def issued(work):
    return issue(work, running().selection)


def resumed(*tokens):
    work = UnitOfWork()
    for token in tokens:
        resume(work, token, running().selection, PRIMARIES)
    return work


def token_of(**seen):
    work = UnitOfWork()
    work.seen.update(seen)
    return issued(work)


def test_who_has_seen_nothing_has_no_token():
    """And asks nobody."""
    work = UnitOfWork()
    work.seen["default"] = NOTHING
    assert issued(work) == ""
    assert connections["default"].connection is None


def test_a_token_brings_back_what_was_seen():
    """Position and node, of each cluster."""
    seen = {"default": Sight("5", "abcd"), "other": Sight(None)}
    assert resumed(token_of(**seen)).seen == seen


def test_a_primary_that_was_written_to_or_read_is_asked_where_it_stands():
    """And once only: after that its answer is known."""
    work = UnitOfWork()
    work.written.add("default")
    work.read_on_primary.add("other")
    first = resumed(issued(work)).seen
    assert first == {"default": Sight("1"), "other": Sight("1")}
    assert (work.written, work.read_on_primary) == (set(), set())
    changes = connections["default"].connection.total_changes
    assert resumed(issued(work)).seen == first
    assert connections["default"].connection.total_changes == changes


def test_inside_a_transaction_nobody_can_say_where_it_will_end():
    """The holder is sent to the primary; the writer may ask again after its commit."""
    work = UnitOfWork()
    with transaction.atomic():
        work.written.add("default")
        assert resumed(issued(work)).seen == {"default": Sight(None)}
        assert work.written == {"default"}
    assert resumed(issued(work)).seen == {"default": Sight("1")}


def test_a_primary_that_fails_sends_the_holder_there(caplog):
    """Once it is back, that is where everything is."""
    connections.settings["default"]["NAME"] = "/nowhere/at/all"
    work = UnitOfWork()
    work.written.add("default")
    with caplog.at_level(logging.WARNING, "django_fleet.replicas"):
        assert resumed(issued(work)).seen == {"default": Sight(None)}
    assert [record.getMessage() for record in caplog.records] == ["position_unknown"]
    assert caplog.records[0].alias == "default"


def test_no_token_changes_nothing():
    """A session that begins."""
    work = unit()
    work.replicas["default"] = "replica"
    resume(work, "", running().selection, PRIMARIES)
    assert (work.seen, work.replicas) == ({}, {"default": "replica"})


def tampered(token):
    """The same with one character of its content, and of its signature, changed."""
    swap = {"A": "B"}
    return [
        swap.get(token[0], "A") + token[1:],
        token[:-1] + swap.get(token[-1], "A"),
        token.split(":")[0],
    ]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_token_that_was_changed_means_the_primaries(which, caplog):
    """Of every cluster with replicas, and it is logged."""
    token = tampered(token_of(default=Sight("5")))[which]
    with caplog.at_level(logging.WARNING, "django_fleet.replicas"):
        work = resumed(token)
    assert work.seen == dict.fromkeys(PRIMARIES, Sight(None))
    assert [record.getMessage() for record in caplog.records] == ["token_refused"]


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "ünlesbar:\x00",
        ":",
        signing.Signer(salt="another").sign_object({"default": ["1", ""]}),
        signing.Signer(salt=SALT).sign_object(["default"]),
        signing.Signer(salt=SALT).sign_object({"default": 5}),
        signing.Signer(salt=SALT).sign_object({"default": ["1", "a", "b"]}),
    ],
)
def test_what_is_no_token_of_ours_is_not_believed(token):
    """However it is wrong; nothing is raised."""
    assert resumed(token).seen == dict.fromkeys(PRIMARIES, Sight(None))


def test_a_token_of_another_project_is_not_believed():
    """Its key signs another way."""
    with override_settings(SECRET_KEY="theirs"):
        token = token_of(default=Sight("5"))
    assert resumed(token).seen == dict.fromkeys(PRIMARIES, Sight(None))


def test_a_cluster_that_is_gone_is_left_out():
    """A token may be older than the settings."""
    token = token_of(default=Sight("5"), gone=Sight("7"))
    assert resumed(token).seen == {"default": Sight("5")}


def test_a_server_that_is_gone_means_the_primary():
    """Nobody knows what it had shown."""
    work = resumed(token_of(default=Sight("", "no-such-server")))
    selection, cluster = running().selection, running().fleet.cluster_of("default")
    assert selection.caught_up(work, cluster) is None


def test_two_tokens_ask_for_both():
    """The later position, whichever comes first; two nodes at once are nobody's."""
    early, late = token_of(default=Sight("5")), token_of(default=Sight("9", "abcd"))
    assert resumed(early, late).seen == resumed(late, early).seen == {"default": Sight("9", "abcd")}
    other = token_of(default=Sight("9", "efgh"))
    assert resumed(late, other).seen == {"default": Sight(None)}


def test_whoever_takes_up_a_token_chooses_its_replica_anew():
    """The one that it kept, or found too far behind, was judged by what it had seen before."""
    work = UnitOfWork()
    work.replicas.update(default="replica", other="other-replica")
    work.behind["default"] = 1e9
    resume(work, token_of(default=Sight("5")), running().selection, PRIMARIES)
    assert work.replicas == {"other": "other-replica"}
    assert work.behind == {}


def test_nobody_reads_anything_into_a_token_s_length():
    """A cookie has to hold it: a position and a node for each of ten clusters."""
    seen = {
        f"cluster-{n}": Sight(f"7301558429012345678/{n}/5a40b98", "abcdef01") for n in range(10)
    }
    assert len(token_of(**seen)) < 1000
