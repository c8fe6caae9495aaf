"""What is done to servers while sessions are at work, again and again until the time is over.

Each takes a workload, the servers and the seconds that it may go on.
"""

import random
import time

from django.db import connections

BUMP = 1_000_000
"""More than any counter reaches."""

FOLLOWED_S = 2.0
"""How long it may take until every process knows of a promotion."""


def during(seconds):
    """Numbers, from 0, until ``seconds`` are over; at least one."""
    until = time.monotonic() + seconds
    number = 0
    while number == 0 or time.monotonic() < until:
        yield number
        number += 1


def none(workload, servers, seconds):
    """All is well."""
    del workload, servers
    time.sleep(seconds)


def replay_paused(workload, servers, seconds):
    """Replay stops and goes on, on one replica after the other, sometimes on all."""
    del workload
    _held_back(servers, seconds, "pause_replay", "resume_replay")


def cut(workload, servers, seconds):
    """Replicas lose their primary and find it again."""
    del workload
    _held_back(servers, seconds, "cut", "reconnect")


def _held_back(servers, seconds, hold, let_go):
    for number in during(seconds):
        held = _some(servers.replicas, number)
        for replica in held:
            getattr(replica, hold)()
        time.sleep(0.2)
        for replica in held:
            getattr(replica, let_go)()
        time.sleep(0.1)


def lagging(workload, servers, seconds):
    """One replica is late all the time."""
    del workload
    with servers.replicas[0].lag(0.5):
        time.sleep(seconds)


def replicas_killed(workload, servers, seconds):
    """Replicas lose their power and come back, sometimes all of them at once, sometimes paused."""
    for number in during(seconds):
        dead = _some(servers.replicas, number)
        for replica in dead:
            if number % 2:
                replica.pause_replay()
        _without(workload, dead, "kill", "restart")
        time.sleep(1.0)


def replicas_restarted(workload, servers, seconds):
    """Replicas are stopped in an orderly way and come back."""
    for number in during(seconds):
        _without(workload, _some(servers.replicas, number), "stop", "restart")
        time.sleep(1.0)


def replicas_frozen(workload, servers, seconds):
    """Replicas hang: they take connections and do not answer."""
    for number in during(seconds):
        _without(workload, _some(servers.replicas, number), "freeze", "thaw", pause_s=2.5)
        time.sleep(1.5)


def primary_killed(workload, servers, seconds):
    """The primary loses its power and comes back."""
    for _ in during(seconds):
        _without(workload, [servers.primary], "kill", "restart", pause_s=0.5)
        time.sleep(0.5)


def one_replica_left(workload, servers, seconds):
    """The primary and a replica die together; the other one has everything, or is behind."""
    for number in during(seconds):
        first, last = servers.replicas[number % 2], servers.replicas[1 - number % 2]
        if number % 4 > 1:
            last.pause_replay()
            time.sleep(0.1)
        _without(workload, [servers.primary, first], "kill", "restart", pause_s=0.5)
        last.resume_replay()
        time.sleep(0.5)


def promoted(workload, servers, seconds):
    """A replica takes over that had not received everything: the last commits are lost.

    The others had received less than that one, so they can follow it. Nobody tells Django.
    """
    new, *others = servers.replicas
    _lose_the_primary(workload, servers, seconds, held=(*others, new))


def promoted_beside_the_tail(workload, servers, seconds):
    """The same, but another replica has what is lost: it cannot follow, and goes on showing it."""
    _lose_the_primary(workload, servers, seconds, held=servers.replicas[:1])


def promoted_by_hand(workload, servers, seconds):
    """The same as ``promoted``, but somebody changes the settings, and nothing else follows."""
    new, *others = servers.replicas
    _lose_the_primary(workload, servers, seconds, held=(*others, new), tell=_tell_django)


def _lose_the_primary(workload, servers, seconds, *, held, tell=None):
    history, new = workload.history, servers.replicas[0]
    time.sleep(seconds / 4)
    for each in held:
        each.cut()
        time.sleep(seconds / 8)
    with history.outage(servers.primary.name):
        servers.primary.kill()
        time.sleep(0.1)
        # It takes writes from the promotion on, but nobody knows that at first.
        with history.outage(new.name):
            with workload.standing_still():
                servers.promote(new)
                _begin_anew(workload, new)
                if tell is not None:
                    tell(servers.settings(connections.settings["default"]["NAME"], node=new))
            time.sleep(0 if tell else FOLLOWED_S)
        time.sleep(seconds / 2)


def _tell_django(settings):
    connections.settings["default"].update({key: settings[key] for key in ("HOST", "PORT")})


def _begin_anew(workload, new):
    """After a loss versions go on from a number that nobody has seen: what is older shows as older."""
    workload.floor = 2 * BUMP
    name = str(connections.settings["default"]["NAME"])
    new.query(f"UPDATE shop_counter SET version = version + {BUMP}", database=name)


def _some(nodes, number):
    """One after the other, and all of them each third time."""
    return list(nodes) if number % 3 == 2 else [nodes[number % len(nodes)]]


def _without(workload, nodes, end, begin, pause_s=0.3):
    if not nodes:
        time.sleep(pause_s)
        return
    node, *others = nodes
    with workload.history.outage(node.name):
        getattr(node, end)()
        time.sleep(0.05 * random.random())
        _without(workload, others, end, begin, pause_s)
        getattr(node, begin)()
