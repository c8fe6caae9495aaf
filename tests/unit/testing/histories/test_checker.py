"""What is a violation and what is none, one small history each."""

from dataclasses import replace

from django_fleet.testing import Operation, Outage, violations


def operation(session, kind, version, begun, **other):
    """One that takes a second; a write is at the primary."""
    node = "primary" if kind == "write" else other.get("node", "replica-1")
    return Operation(
        session=session,
        kind=kind,
        key=other.get("key", "basket"),
        version=version,
        node=node,
        on_replica=node.startswith("replica"),
        begun=begun,
        ended=other.get("ended", begun + 1),
        error="" if version is not None else "OperationalError: gone",
    )


def faults(*operations, outages=()):
    return [found.fault for found in violations(operations, outages)]


def test_who_wrote_has_to_be_shown_it():
    """Less is a stale read, as much or more is none."""
    wrote = operation("alice", "write", 5, 0)
    assert faults(wrote, operation("alice", "read", 4, 2)) == ["stale read"]
    assert faults(wrote, operation("alice", "read", 5, 2), operation("alice", "read", 6, 4)) == []


def test_who_read_is_not_shown_less():
    """Wherever the next read goes."""
    seen = operation("alice", "read", 5, 0)
    assert faults(seen, operation("alice", "read", 4, 2)) == ["non-monotonic read"]
    assert faults(seen, operation("alice", "read", 4, 2, node="primary")) == ["non-monotonic read"]
    assert faults(seen, operation("alice", "read", 5, 2)) == []


def test_others_may_see_the_past():
    """Nobody promised bob what alice wrote; each key is its own."""
    wrote = operation("alice", "write", 5, 0)
    assert faults(wrote, operation("bob", "read", 4, 2)) == []
    assert faults(wrote, operation("alice", "read", 0, 2, key="other")) == []


def test_who_sees_a_write_sees_what_its_writer_had_seen():
    """Bob reads what alice wrote last, so he is held to what she wrote before."""
    history = (
        operation("alice", "write", 5, 0),
        operation("alice", "write", 1, 2, key="order"),
        operation("bob", "read", 1, 4, key="order"),
    )
    assert faults(*history, operation("bob", "read", 4, 6)) == ["stale read"]
    assert faults(*history, operation("bob", "read", 5, 6)) == []


def test_only_what_was_over_counts():
    """A read that began before the write ended may have come first."""
    wrote = operation("alice", "write", 5, 0, ended=3)
    assert faults(wrote, operation("alice", "read", 4, 2)) == []
    assert faults(wrote, operation("alice", "read", 4, 3)) == ["stale read"]


def test_an_operation_without_duration():
    """A coarse clock gives many; the order in which they come is the session's."""
    wrote = operation("alice", "write", 5, 0, ended=0)
    assert faults(wrote, operation("alice", "read", 4, 0, ended=0)) == ["stale read"]
    assert faults(operation("alice", "read", 4, 0, ended=0)) == []


def test_the_order_of_the_records_says_nothing():
    """Threads record when they are done."""
    wrote, read = operation("alice", "write", 5, 0), operation("alice", "read", 4, 2)
    assert faults(read, wrote) == ["stale read"]


def test_a_write_on_a_replica():
    """Also one that the replica refused: it got there."""
    for version in (5, None):
        wrote = operation("alice", "write", version, 0)
        there = Operation("alice", "write", "basket", version, "replica-1", True, 2, 3)
        assert faults(wrote, there) == ["write on a replica"]


def test_a_failed_write_was_not_seen():
    """Nobody knows whether it happened, so nobody is held to it; it is no violation either."""
    assert faults(operation("alice", "write", None, 0), operation("alice", "read", 0, 2)) == []


def test_a_failed_read_while_the_primary_lives():
    """It could have answered whatever the session had seen."""
    wrote, failed = operation("alice", "write", 5, 0), operation("alice", "read", None, 2, node="")
    assert faults(wrote, failed) == ["failed read"]


def test_a_failed_read_while_nobody_lives():
    """An outage that the read met, at any moment of it, excuses the node."""
    history = operation("alice", "write", 5, 0), operation("alice", "read", None, 4, node="")
    assert faults(*history, outages=[Outage("primary", 5)]) == []
    assert faults(*history, outages=[Outage("primary", 1, 4)]) == []
    assert faults(*history, outages=[Outage("primary", 1, 3.9)]) == []  # nobody knows it since
    assert faults(*history, outages=[Outage("primary", 5.1)]) == ["failed read"]
    assert faults(operation("alice", "read", None, 2, node="")) == []


def test_a_failed_read_while_the_replica_that_answered_last_lives():
    """It still shows what it showed then, unless it went away in between."""
    outages = [Outage("primary", 3)]
    history = operation("alice", "write", 5, 0), operation("alice", "read", 5, 2)
    failed = operation("alice", "read", None, 6, node="")
    assert faults(*history, failed, outages=outages) == ["failed read"]
    came_back = Outage("replica-1", 4, 5)  # with what, nobody knows
    assert faults(*history, failed, outages=[*outages, came_back]) == []


def test_a_failed_read_while_another_replica_lives():
    """It counts where that one had shown a write which began when the session had seen its last."""
    outages = [Outage("primary", 5)]
    seen = operation("alice", "write", 5, 0)
    failed = operation("alice", "read", None, 6, node="")
    for begun, expected in ((0.5, []), (1, ["failed read"])):
        wrote = operation("bob", "write", 7, begun, key="other", ended=2)
        shown = operation("bob", "read", 7, 3, key="other", node="replica-2")
        assert faults(seen, wrote, shown, failed, outages=outages) == expected
    assert faults(seen, shown, failed, outages=outages) == []  # nobody knows when it was written


def test_a_failed_read_that_needed_the_primary():
    """Its session wrote, and the primary died before it could say where that is."""
    history = operation("alice", "write", 5, 0), operation("bob", "read", 5, 2)
    failed = replace(operation("alice", "read", None, 6, node=""), needs_primary=True)
    wrote = operation("carol", "write", 1, 1, key="other")
    shown = operation("carol", "read", 1, 3, key="other")
    assert faults(*history, wrote, shown, failed, outages=[Outage("primary", 4)]) == []
    without = replace(failed, needs_primary=False)
    outages = [Outage("primary", 4)]
    assert faults(*history, wrote, shown, without, outages=outages) == ["failed read"]
    assert faults(*history, wrote, shown, failed) == ["failed read"]


def test_a_replica_that_was_promoted_answers_as_a_primary():
    """From its first answer as one."""
    promoted = Operation("bob", "write", "other", 1, "replica-1", False, 3, 4)
    failed = operation("alice", "read", None, 6, node="")
    history = operation("alice", "write", 5, 0), promoted, failed
    assert faults(*history, outages=[Outage("primary", 2)]) == ["failed read"]


def test_a_violation_in_words():
    """Who, where, what, and what was expected."""
    history = operation("alice", "write", 5, 0), operation("alice", "read", 4, 2)
    assert [str(found) for found in violations(history)] == [
        "stale read: alice at replica-1: read basket = 4; it had written 5 before"
    ]
    failed = operation("alice", "read", None, 2, node="")
    assert [str(found) for found in violations([history[0], failed])] == [
        "failed read: alice at no node: OperationalError: gone; primary could have answered"
    ]
