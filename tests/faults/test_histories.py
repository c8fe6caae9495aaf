"""Whatever happens to the servers: no session sees old data, and none waits for a dead replica.

Each test logs what its sessions did: ``FLEET_FAULT_SECONDS=60 pytest tests/faults --log-cli-level=INFO``
is the long run.
"""

import logging

import pytest

from lab import faults
from lab.shop.models import Counter
from lab.workload import WebWorkload, Workload

REPLICAS = {"postgresql": 2, "mariadb": 1, "sqlite": 1}
ASYNCHRONOUS = {"OPTIONS": {"options": "-c synchronous_commit=off", "connect_timeout": 5}}
WAITING = {"OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20}}
logger = logging.getLogger("faults")

SLACK_S = 1.0
"""What a busy machine may add to a deadline."""

EVERYWHERE = (faults.none, faults.replay_paused, faults.cut, faults.lagging, faults.replicas_killed)
ON_SERVERS = (
    *EVERYWHERE,
    faults.replicas_restarted,
    faults.replicas_frozen,
    faults.primary_killed,
    faults.promoted,
)
CASES = [
    *(("sqlite", fault) for fault in EVERYWHERE),
    *(("mariadb", fault) for fault in ON_SERVERS),
    *(("postgresql", fault) for fault in ON_SERVERS),
    ("postgresql", faults.promoted_beside_the_tail),
]
ON_THE_WEB = [
    ("sqlite", faults.replay_paused),
    ("mariadb", faults.replicas_killed),
    ("postgresql", faults.replay_paused),
    ("postgresql", faults.promoted),
]


def layout(vendor, **keys):
    """A primary and all replicas of the vendor's servers; connections are kept between requests."""
    primary = {"CONN_MAX_AGE": None, **(WAITING if vendor == "sqlite" else {}), **keys}
    replica = {"REPLICA_OF": "default", "CONN_MAX_AGE": None}
    return {
        "default": primary,
        **{f"replica-{number}": replica for number in range(1, REPLICAS[vendor] + 1)},
    }


def run(lab, fault, seconds, made=Workload, **options):
    """The history of sessions at work while the fault goes on."""
    lab.create_tables(Counter)
    workload = made(lab, **options)
    with workload.running():
        fault(workload, lab.servers, seconds)
    history = workload.history
    logger.info("%s, %s, %s: %s", lab.vendor, fault.__name__, made.__name__, history.figures())
    return history


def show(violations):
    """The first of them, as text, so that a failing test tells what happened."""
    return [str(each) for each in violations[:5]]


@pytest.mark.parametrize(("vendor", "fault"), CASES)
def test_e6_no_session_sees_old_data(lab, fault, fault_seconds):
    """By hand: ``fleet.resume()`` and ``fleet.token()`` around each unit of work, on any thread."""
    with lab.fleet(layout(lab.vendor), MONITOR_S=1.0):
        history = run(lab, fault, fault_seconds)
    assert show(history.violations()) == []
    assert history.figures().reads_on_replicas


@pytest.mark.parametrize(("vendor", "fault"), ON_THE_WEB)
def test_e6_no_user_sees_old_data(lab, fault, fault_seconds):
    """Through the middleware, with a cookie."""
    with lab.fleet(layout(lab.vendor), MONITOR_S=1.0):
        history = run(lab, fault, fault_seconds, WebWorkload)
    assert show(history.violations()) == []
    assert history.figures().reads_on_replicas


@pytest.mark.parametrize("vendor", ["postgresql"])
@pytest.mark.parametrize("fault", [faults.none, faults.replay_paused])
def test_e6_commits_that_are_not_flushed_are_seen(lab, fault, fault_seconds):
    """With ``synchronous_commit=off`` a commit is acknowledged before its log is written."""
    with lab.fleet(layout(lab.vendor, **ASYNCHRONOUS), MONITOR_S=1.0):
        history = run(lab, fault, fault_seconds)
    assert show(history.violations()) == []
    assert history.figures().reads_on_replicas


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
@pytest.mark.parametrize("fault", [faults.promoted_by_hand])
def test_e6_a_primary_that_was_changed_in_the_settings(lab, fault, fault_seconds):
    """Tokens of the old one are of another history: they mean the primary."""
    with lab.fleet(layout(lab.vendor), MONITOR_S=0, FOLLOW_PRIMARY=False):
        history = run(lab, fault, fault_seconds)
    assert show(history.violations()) == []
    assert history.figures().reads_on_replicas


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_e6_who_is_left_alone_shows_nobody_less(lab, fault_seconds):
    """The primary and a replica are dead. Where nobody knows what that one had shown, a read fails."""
    with lab.fleet(layout(lab.vendor), MONITOR_S=1.0):
        history = run(lab, faults.one_replica_left, fault_seconds * 2)
    found = [each for each in history.violations() if each.fault != "failed read"]
    assert show(found) == []
    assert history.figures().reads_on_replicas


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
def test_f3_no_read_waits_longer_than_its_deadline(lab, fault_seconds):
    """Two seconds, while replicas hang and come back; nobody gets an error."""
    with lab.fleet(layout(lab.vendor), MONITOR_S=1.0):
        history = run(lab, faults.replicas_frozen, fault_seconds)
    reads = [each for each in history.operations if each.kind == "read"]
    longest_s = max(each.ended - each.begun for each in reads)
    logger.info("longest read: %.2f s", longest_s)
    assert not any(each.is_failed for each in reads)
    assert longest_s < 2.0 + SLACK_S


def test_e6_without_tokens_the_same_sessions_see_old_data(lab):
    """So the checker can find it."""
    with lab.fleet(layout(lab.vendor), CONSISTENCY="eventual"):
        history = run(lab, faults.replay_paused, 1.5, carries_token=False)
    found = {each.fault for each in history.violations()}
    has_several = REPLICAS[lab.vendor] > 1  # or there is only one past to see
    assert found == {"stale read", *(["non-monotonic read"] if has_several else [])}
