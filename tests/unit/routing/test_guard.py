"""The last look at a statement: refused, noted, or let through."""

import pytest
from django.db import InterfaceError

from django_fleet.blocks import Block, UnitBlock
from django_fleet.context import unit
from django_fleet.errors import ReadOnlyError, ReplicaWriteError
from django_fleet.routing.guard import Guard
from django_fleet.routing.running import running

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}, "alone": {}}
READ, LOCK, WRITE = "SELECT 1", "SELECT 1 FROM t FOR UPDATE", "delete from t"


@pytest.fixture
def guard(project):
    """The guard of a fleet with one replica."""
    with project(REPLICATED):
        yield Guard(running())


@pytest.mark.parametrize("sql", [READ, "SHOW x", b"SELECT 1"])
@pytest.mark.parametrize("alias", ["default", "replica", "alone"])
def test_a_read_passes_everywhere(guard, alias, sql):
    """And is noted as no write."""
    with UnitBlock() as work, Block(read_only=True):
        guard.before_statement(alias, sql)
    assert work.written == set()


@pytest.mark.parametrize(
    ("alias", "sql", "noted"),
    [
        ("default", READ, {"default"}),
        ("default", b"/* x */ SELECT 1", {"default"}),
        ("default", "SHOW x", set()),
        ("default", "SAVEPOINT x", set()),
        ("replica", READ, set()),
        ("alone", READ, set()),
    ],
)
def test_a_read_of_a_primary_is_noted(guard, alias, sql, noted):
    """It may show more than any replica; what keeps a session in order shows nothing."""
    with UnitBlock() as work:
        guard.before_statement(alias, sql)
    assert work.read_on_primary == noted


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (WRITE, "DELETE (kind: write)"),
        (LOCK, "SELECT (kind: lock)"),
        (b"DROP x", "DROP (kind: write)"),
    ],
)
def test_a_write_to_a_replica_is_refused(guard, sql, what):
    """The message names the statement, its kind, the replica and the primary."""
    with pytest.raises(ReplicaWriteError) as caught:
        guard.before_statement("replica", sql)
    assert str(caught.value).startswith(f"{what} was sent to 'replica', a replica of 'default'")
    assert unit().written == set()


def test_a_write_inside_read_only_is_refused(guard):
    """On every database, also one without replicas."""
    with Block(read_only=True):
        for alias in ("default", "alone"):
            with pytest.raises(
                ReadOnlyError, match=rf"DELETE \(kind: write\) was sent to '{alias}'"
            ):
                guard.before_statement(alias, WRITE)
    assert unit().written == set()


def test_a_replica_is_named_before_the_block(guard):
    """Dropping the block would not help."""
    with Block(read_only=True), pytest.raises(ReplicaWriteError):
        guard.before_statement("replica", WRITE)


@pytest.mark.parametrize("sql", [WRITE, LOCK])
def test_a_write_to_a_replicated_primary_is_noted(guard, sql):
    """A lock too: its reads stay with the primary from now on."""
    guard.before_statement("default", sql)
    assert unit().written == {"default"}


def test_a_write_inside_a_unit_is_noted_by_those_around_it(guard):
    """What an inner unit wrote, the outer one reads."""
    with UnitBlock() as outer, UnitBlock() as inner:
        guard.before_statement("default", WRITE)
    assert inner.written == outer.written == {"default"}


def test_a_write_to_a_database_alone_is_not_noted(guard):
    """There is no replica that could be behind."""
    guard.before_statement("alone", WRITE)
    assert unit().written == set()


def test_a_procedure_may_write(guard):
    """It is refused and noted as a write."""
    with pytest.raises(ReplicaWriteError, match="CALL refresh was sent to 'replica'"):
        guard.before_procedure("replica", "refresh")
    with Block(read_only=True), pytest.raises(ReadOnlyError, match="CALL refresh"):
        guard.before_procedure("alone", "refresh")
    guard.before_procedure("default", "refresh")
    assert unit().written == {"default"}


def test_without_replicas_and_blocks_nothing_is_looked_at(project, monkeypatch):
    """A project that uses nothing of ours pays for nothing."""
    monkeypatch.setattr("django_fleet.routing.guard.is_plain_select", pytest.fail)
    with project({"default": {}}):
        Guard(running()).before_statement("default", WRITE)


def test_without_replicas_a_read_only_block_still_counts(project):
    """It is not about replicas."""
    with project({"default": {}}):
        guard = Guard(running())
        guard.before_statement("default", WRITE)
        with Block(read_only=True), pytest.raises(ReadOnlyError):
            guard.before_statement("default", WRITE)


def test_a_replica_that_began_anew_is_not_read_on(guard):
    """It may show less than it showed this unit of work; whoever names it, or begins, may read it."""
    with UnitBlock() as work:
        guard.before_statement("replica", READ, "one")
        guard.before_statement("replica", READ, "other")
        work.replicas["default"] = "replica"
        guard.before_statement("replica", READ, "one")
        guard.before_statement("replica", READ, "one")
        with pytest.raises(InterfaceError, match="'replica' began anew"):
            guard.before_statement("replica", READ, "other")
        work.leave("default")
        guard.before_statement("replica", READ, "other")
