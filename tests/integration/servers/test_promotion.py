"""A replica becomes the primary, and everything can be put back."""

import pytest

from django_fleet.testing import ServerError
from django_fleet.testing.servers.deadline import becomes_true


def test_a_promoted_replica_takes_the_writes(servers, insert, rows):
    """It is servers.primary from then on, with all that it had received."""
    insert(1)
    servers.catch_up()
    replica = servers.replicas[0]
    servers.primary.kill()
    servers.promote(replica)
    assert servers.primary is replica
    assert replica.role == "primary"
    insert(2)
    assert rows(replica) == [1, 2]


def test_the_other_replica_follows_the_new_primary(fleet_postgresql):
    """Onto the new timeline, without a restart."""
    first, second = fleet_postgresql.replicas
    fleet_postgresql.primary.kill()
    fleet_postgresql.promote(first)
    assert fleet_postgresql.replicas == (second,)
    fleet_postgresql.create_database("followed")
    assert second.query("SELECT 1 FROM pg_database WHERE datname = 'followed'") == [(1,)]


def test_a_replica_that_was_dead_during_the_promotion_follows_when_it_is_back(fleet_postgresql):
    """The new primary is written down for it."""
    first, second = fleet_postgresql.replicas
    second.kill()
    fleet_postgresql.promote(first)
    fleet_postgresql.create_database("late")
    second.restart()
    fleet_postgresql.catch_up()
    assert second.query("SELECT 1 FROM pg_database WHERE datname = 'late'") == [(1,)]


def test_what_was_cut_from_the_new_primary_is_lost(servers, insert, rows):
    """The tail that no replica received does not exist after a failover."""
    replica = servers.replicas[0]
    insert(1)
    servers.catch_up()
    replica.cut()
    insert(2)
    servers.primary.kill()
    servers.promote(replica)
    assert rows(replica) == [1]


def test_what_was_received_is_replayed_before_the_promotion(real_servers, insert, rows):
    """Nothing that has reached the replica is lost, though it was late to show it."""
    primary, replica = real_servers.primary, real_servers.replicas[0]
    with replica.lag(1.5):
        insert(1)
        assert becomes_true(lambda: has_received_all(replica, primary), timeout_s=5)
        primary.kill()
        assert rows(replica) == []
        real_servers.promote(replica)
    assert rows(replica) == [1]


def has_received_all(replica, primary):
    if real := getattr(replica, "_status", None):
        return [(real("Gtid_IO_Pos"),)] == primary.query("SELECT @@gtid_binlog_pos")
    ((flushed,),) = primary.query("SELECT pg_current_wal_flush_lsn()")
    return replica.query("SELECT pg_last_wal_receive_lsn() >= %s::pg_lsn", (flushed,)) == [(True,)]


def test_the_old_primary_still_takes_writes(servers, insert, rows):
    """Nobody tells it: that is what a split brain looks like."""
    old = servers.primary
    servers.promote(servers.replicas[0])
    insert(1, node=old)
    assert rows(old) == [1]
    assert rows(servers.primary) == []


def test_heal_gives_every_node_its_first_role(servers, insert, rows):
    """The first primary is the truth: what only the promoted node took is gone."""
    first, replica = servers.primary, servers.replicas[0]
    all_replicas = servers.replicas
    insert(1)
    servers.catch_up()
    servers.promote(replica)
    insert(2)
    first.kill()
    servers.heal()
    assert servers.primary is first
    assert servers.replicas == all_replicas
    insert(3)
    servers.catch_up()
    assert [rows(node) for node in servers.nodes] == [[1, 3]] * len(servers.nodes)


def test_only_a_replica_can_be_promoted(servers):
    """The primary is one already."""
    with pytest.raises(ServerError, match=r"none of servers\.replicas"):
        servers.promote(servers.primary)


def test_a_dead_replica_cannot_be_promoted(servers):
    """The message says what to do first."""
    servers.replicas[0].kill()
    with pytest.raises(ServerError, match=r"dead. Call restart\(\) first"):
        servers.promote(servers.replicas[0])
