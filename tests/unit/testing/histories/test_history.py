"""Recording: what a block leaves behind, and the numbers."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from django_fleet.testing import History, Operation, Outage


def history():
    return History(clock=itertools.count().__next__)


def test_a_read_is_recorded_with_its_answer():
    """Times come from the clock, before and after the block."""
    found = history()
    with found.read("alice", "basket") as answer:
        answer.version, answer.node, answer.on_replica = 3, "replica-1", True
    assert found.operations == (
        Operation("alice", "read", "basket", 3, "replica-1", True, begun=0, ended=1),
    )


def test_an_error_is_recorded_and_goes_on():
    """What the block had found out by then is kept."""
    found = history()
    with pytest.raises(OSError, match="gone"), found.write("alice", "basket") as answer:
        answer.node, answer.version = "primary", 7
        raise OSError("gone")
    (operation,) = found.operations
    assert operation.is_failed
    assert (operation.kind, operation.node, operation.error) == (
        "write",
        "primary",
        "OSError: gone",
    )


def test_an_outage_lasts_as_long_as_its_block():
    """Until then it has no end; a second one of the same node is another one."""
    found = history()
    with found.outage("primary"):
        assert found.outages == (Outage("primary", 0),)
    with found.outage("primary"):
        pass
    assert found.outages == (Outage("primary", 0, 1), Outage("primary", 2, 3))


def test_violations_know_outages():
    """The same failed read, without and with an excuse."""
    for is_excused, expected in ((False, ["failed read"]), (True, [])):
        found = history()
        with found.write("alice", "basket") as answer:
            answer.version, answer.node = 1, "primary"
        with found.outage("primary" if is_excused else "another"):
            with pytest.raises(OSError), found.read("alice", "basket"):
                raise OSError
        assert [each.fault for each in found.violations()] == expected


def test_the_history_in_numbers():
    """Shares are of answered reads."""
    found = history()
    for on_replica in (True, True, True, False):
        with found.read("alice", "basket") as answer:
            answer.on_replica = on_replica
    with found.write("alice", "basket"):
        pass
    for record in (found.read, found.write):
        with pytest.raises(OSError), record("alice", "basket"):
            raise OSError
    figures = found.figures()
    assert figures.share_on_replicas == 0.75
    assert str(figures) == (
        "4 reads (75.0% on replicas), 1 writes, 1 failed reads, 1 failed writes"
    )
    assert history().figures().share_on_replicas == 0.0


def test_threads_record_at_the_same_time():
    """Nothing is lost."""
    found = History()

    def work(number):
        for _ in range(50):
            with found.read(str(number), "basket"):
                pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(found.operations) == 200
