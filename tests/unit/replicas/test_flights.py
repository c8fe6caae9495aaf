"""Calls of drivers that are under way, and their release from another thread."""

import socket
import threading
from types import SimpleNamespace

import pytest
from django.db.utils import InterfaceError

from django_fleet.replicas.flights import Flights


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Driver:
    """A driver's connection whose server says nothing: the other end of a pair of sockets."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()

    def fileno(self):
        return self.ours.fileno()

    def close(self):
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def made():
    """Makes connections to a vendor that has sockets; closed afterwards."""
    drivers = []

    def make(alias, vendor="postgresql"):
        drivers.append(Driver())
        return SimpleNamespace(alias=alias, vendor=vendor, connection=drivers[-1])

    yield make
    for driver in drivers:
        driver.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def flights(clock):
    found = Flights(clock)
    found.aliases = frozenset({"a", "b"})
    return found


def test_only_watched_databases_are_noted(flights, made):
    """A write on a primary is never cut short."""
    flights.begins(made("default"))
    assert flights.waiting_since() == {}
    flights.begins(made("a"))
    assert set(flights.waiting_since()) == {"a"}


def test_a_question_of_ours_is_noted_wherever_it_goes(flights, made):
    """A primary that hangs answers it as little as anything else."""
    connection = made("default")
    flights.begins(connection, is_ours=True)
    assert set(flights.waiting_since()) == {"default"}
    flights.ends(connection)
    assert flights.waiting_since() == {}


def test_calls_inside_a_question_of_ours_do_not_end_it(flights, made):
    """Connecting before it is asked, on a primary that nobody watches otherwise."""
    connection = made("default")
    flights.begins(connection, is_ours=True)
    flights.begins(connection)
    flights.ends(connection)
    assert set(flights.waiting_since()) == {"default"}
    flights.ends(connection)
    assert flights.waiting_since() == {}


def test_the_call_that_waits_longest_counts(flights, clock, made):
    """Of all that wait for one database."""
    one, other = made("a"), made("a")
    flights.begins(one)
    clock.now += 5
    flights.begins(other)
    flights.begins(made("b"))
    assert flights.waiting_since() == {"a": 1000.0, "b": 1005.0}
    flights.ends(one)
    assert flights.waiting_since() == {"a": 1005.0, "b": 1005.0}
    assert flights.last_at == 1005.0


def test_calls_inside_calls_are_one(flights, clock, made):
    """It began with the outer one, and ends with it."""
    connection = made("a")
    flights.begins(connection)
    clock.now += 3
    flights.begins(connection)
    flights.ends(connection)
    assert flights.waiting_since() == {"a": 1000.0}
    flights.ends(connection)
    assert flights.under_way == {}


def test_a_call_that_began_before_anybody_watched_is_not_missed_at_its_end(made):
    """Nor one that ends after nobody watches any more."""
    flights, connection = Flights(), made("a")
    flights.begins(connection)
    flights.aliases = frozenset({"a"})
    flights.ends(connection)
    flights.begins(connection)
    flights.aliases = frozenset()
    flights.ends(connection)
    assert flights.under_way == {}


def test_whoever_waits_is_released_from_another_thread(flights, made):
    """As if the connection were lost: the driver reads the end of the stream."""
    connection, received = made("a"), []

    def wait():
        received.append(connection.connection.ours.recv(1))

    flights.begins(connection)
    waiting = threading.Thread(target=wait)
    waiting.start()
    assert flights.release("a") == 1
    waiting.join(10)
    assert received == [b""]


def test_nobody_else_is_released(flights, made):
    """Not who waits for another database, nor a connection that is idle."""
    other, idle = made("b"), made("a")
    flights.begins(other)
    flights.begins(idle)
    flights.ends(idle)
    assert flights.release("a") == 0
    for connection in (other, idle):
        connection.connection.theirs.sendall(b"x")
        assert connection.connection.ours.recv(1) == b"x"


def test_a_connection_that_is_being_made_has_nothing_to_be_closed(flights, made):
    """Its driver gives up by itself."""
    connection = made("a")
    driver, connection.connection = connection.connection, None
    flights.begins(connection)
    assert flights.release("a") == 0
    driver.theirs.sendall(b"x")


def test_a_vendor_without_sockets_has_nobody_to_release(flights, made):
    """SQLite's files do not hang for long."""
    flights.begins(made("a", vendor="sqlite"))
    assert flights.release("a") == 0


def test_a_forked_child_waits_for_nobody(flights, made):
    """What was under way belongs to the parent, and so does whoever held the lock."""
    flights.begins(made("a"))
    flights._lock.acquire()
    flights.forked()
    assert (flights.under_way, flights.aliases) == ({}, frozenset())
    connection = made("a")
    flights.begins(connection)
    flights.ends(connection)
    assert flights.release("a") == 0


def test_many_threads_at_once_leave_nothing_behind(flights, made):
    """While somebody releases all the time."""
    connections = [made("a") for _ in range(8)]
    is_over = threading.Event()

    def call(connection):
        for _ in range(300):
            flights.begins(connection)
            flights.begins(connection)
            flights.ends(connection)
            flights.ends(connection)

    def release():
        while not is_over.is_set():
            flights.release("a")
            flights.waiting_since()

    threads = [threading.Thread(target=call, args=[each]) for each in connections]
    releasing = threading.Thread(target=release)
    for thread in [*threads, releasing]:
        thread.start()
    for thread in threads:
        thread.join()
    is_over.set()
    releasing.join()
    assert flights.under_way == {}


def test_a_check_that_was_released_says_so(flights, made):
    """Whoever asked would connect to the same server next."""
    connection = made("a")

    def check():
        assert flights.release("a") == 1

    with pytest.raises(InterfaceError, match="'a' did not answer a check"):
        flights.checked(connection, check)
    assert flights.under_way == {}


def test_a_check_that_is_answered_goes_on(flights, made):
    """As it does where nobody watches."""
    for alias in ("a", "unwatched"):
        flights.checked(made(alias), lambda: None)
    assert flights.under_way == {}
