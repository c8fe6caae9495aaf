"""Statement E6: reads after a write see that write, whichever database serves them.

In most tests the replica shows nothing new, so that a read that it answers is a read that fails.
"""

import threading

import pytest
from django.db import connections, transaction
from django.test import Client

import django_fleet as fleet
from lab.shop.models import Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


@pytest.fixture
def shop(lab):
    """A primary and a replica with the tables of sessions and tags, in autocommit."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0):
        lab.create_tables(Tag)
        yield lab


@pytest.fixture
def held(shop):
    """The same, and the replica shows nothing that is committed from now on."""
    shop.servers.replicas[0].pause_replay()
    return shop


def goes_on(lab):
    """The replica shows everything again."""
    lab.servers.replicas[0].resume_replay()
    lab.catch_up()


def count():
    """How many rows a read sees, and who answers the next one."""
    found = Tag.objects.count()
    return found, Tag.objects.all().db


@pytest.mark.usefixtures("held")
def test_e6_without_a_token_a_replica_is_behind():
    """So that the other tests can fail."""
    with fleet.unit_of_work():
        Tag.objects.create(name="a")
    with fleet.unit_of_work():
        assert count() == (0, "replica")


@pytest.mark.usefixtures("held")
def test_e6_a_unit_of_work_sees_what_it_wrote():
    """Also after it has read from the replica, and in blocks inside it."""
    with fleet.unit_of_work():
        assert count() == (0, "replica")
        tag = Tag.objects.create(name="a")
        assert count() == (1, "default")
        assert Tag.objects.get(pk=tag.pk).name == "a"
        assert [each.name for each in Tag.objects.raw("SELECT * FROM shop_tag")] == ["a"]
        with fleet.consistency("session"):
            assert count() == (1, "default")


@pytest.mark.usefixtures("held")
def test_e6_code_outside_every_unit_of_work_sees_what_it_wrote():
    """A script, a shell."""
    for number in range(1, 4):
        Tag.objects.create(name="a")
        assert count() == (number, "default")


def test_e6_a_token_brings_it_from_one_unit_to_the_next(held):
    """The primary answers until the replica shows it; then the replica does."""
    with fleet.unit_of_work():
        Tag.objects.create(name="a")
        token = fleet.token()
    with fleet.unit_of_work():
        fleet.resume(token)
        assert count() == (1, "default")
    goes_on(held)
    with fleet.unit_of_work():
        fleet.resume(token)
        assert count() == (1, "replica")


@pytest.mark.usefixtures("held")
def test_e6_a_token_brings_it_from_one_thread_to_another():
    """Which has connections of its own, and has seen nothing."""
    Tag.objects.create(name="a")
    token, found = fleet.token(), []

    def work():
        try:
            fleet.resume(token)
            found.append(count())
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(1, "default")]


def test_e6_two_tokens_ask_for_both(held):
    """In whichever order they are taken up."""
    tokens = []
    for name in "ab":
        with fleet.unit_of_work():
            Tag.objects.create(name=name)
            tokens.append(fleet.token())
    for first, second in (tokens, tokens[::-1]):
        with fleet.unit_of_work():
            fleet.resume(first)
            fleet.resume(second)
            assert count() == (2, "default")
    goes_on(held)


@pytest.mark.usefixtures("held")
def test_e6_what_was_read_on_the_primary_is_not_unread():
    """Somebody else wrote it; whoever has seen it goes on seeing it."""
    Tag.objects.create(name="a")
    with fleet.unit_of_work():
        with fleet.primary():
            assert Tag.objects.count() == 1
        assert count() == (1, "default")
        token = fleet.token()
    with fleet.unit_of_work():
        fleet.resume(token)
        assert count() == (1, "default")


@pytest.mark.usefixtures("held")
def test_e6_units_inside_units():
    """What the one around wrote is seen inside, and the other way round."""
    with fleet.unit_of_work():
        Tag.objects.create(name="a")
        with fleet.unit_of_work():
            assert count() == (1, "default")
            Tag.objects.create(name="b")
        assert count() == (2, "default")
        token = fleet.token()
    with fleet.unit_of_work():
        fleet.resume(token)
        with fleet.unit_of_work():
            assert count() == (2, "default")


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("many", [False, True])
def test_e6_a_write_by_a_raw_cursor_is_a_write(many):
    """Whoever holds the cursor."""
    with fleet.unit_of_work():
        with connections["default"].cursor() as cursor:
            sql = "/* mine */ INSERT INTO shop_tag (name) VALUES (%s)"
            if many:
                cursor.executemany(sql, [["a"]])
            else:
                cursor.execute(sql, ["a"])
        token = fleet.token()
    with fleet.unit_of_work():
        fleet.resume(token)
        assert count() == (1, "default")


@pytest.mark.usefixtures("held")
def test_e6_in_a_transaction_and_after_it():
    """Its own reads stay with it; the position is asked for after the commit."""
    with fleet.unit_of_work():
        with transaction.atomic():
            Tag.objects.create(name="a")
            assert count() == (1, "default")
            early = fleet.token()
        late = fleet.token()
    for token in (early, late):
        with fleet.unit_of_work():
            fleet.resume(token)
            assert count() == (1, "default")


def test_e6_what_runs_on_commit_sees_the_commit(held):
    """And its token is one of after it."""
    found = []

    def committed():
        found.extend((count(), fleet.token()))

    with fleet.unit_of_work(), transaction.atomic():
        Tag.objects.create(name="a")
        transaction.on_commit(committed)
    assert found[0] == (1, "default")
    goes_on(held)
    with fleet.unit_of_work():
        fleet.resume(found[1])
        assert count() == (1, "replica")


@pytest.mark.usefixtures("held")
def test_e6_a_transaction_by_hand():
    """With autocommit off: before and after its commit."""
    transaction.set_autocommit(False)
    try:
        Tag.objects.create(name="a")
        assert count() == (1, "default")
        early = fleet.token()
        transaction.commit()
        assert count() == (1, "default")
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    late = fleet.token()
    for token in (early, late):
        with fleet.unit_of_work():
            fleet.resume(token)
            assert count() == (1, "default")


@pytest.mark.usefixtures("held")
def test_e6_what_was_rolled_back_is_seen_by_nobody():
    """And costs at most a read of the primary."""
    with fleet.unit_of_work():
        with pytest.raises(LookupError), transaction.atomic():
            Tag.objects.create(name="a")
            raise LookupError
        assert Tag.objects.count() == 0
        token = fleet.token()
    with fleet.unit_of_work():
        fleet.resume(token)
        assert Tag.objects.count() == 0


@pytest.mark.usefixtures("held")
def test_e6_a_token_that_was_changed_loses_nothing():
    """The primaries answer."""
    Tag.objects.create(name="a")
    with fleet.unit_of_work():
        fleet.resume(fleet.token() + "x")
        fleet.resume("nonsense")
        assert count() == (1, "default")


def test_e6_a_snapshot_that_is_open_on_the_replica_shows_less_than_the_replica(lab_on):
    """MariaDB repeats its reads in a transaction: what the server has reached, it does not show."""
    lab = lab_on("mariadb")
    entries = lab.entries(REPLICATED)
    entries["replica"]["OPTIONS"]["isolation_level"] = "repeatable read"
    with lab.project(entries, FLEET={"TOKEN_WAIT_MS": 0}):
        lab.create_tables(Tag)
        with transaction.atomic(using="replica"):
            assert Tag.objects.using("replica").count() == 0
            with fleet.unit_of_work():
                Tag.objects.create(name="a")
                token = fleet.token()
            lab.catch_up()
            assert Tag.objects.using("replica").count() == 0
            with fleet.unit_of_work():
                fleet.resume(token)
                assert count() == (1, "default")


def test_e6_commits_that_wait_for_no_disk(lab_on):
    """With ``synchronous_commit=off``, all positions but one are too early; at any place of a page."""
    lab = lab_on("postgresql")
    entries = lab.entries(REPLICATED)
    entries["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
    with lab.project(entries, FLEET={"TOKEN_WAIT_MS": 10_000}):
        lab.create_tables(Tag)
        for number in range(1, 61):
            with fleet.unit_of_work():
                Tag.objects.create(name="a" * (number % 90))
                token = fleet.token()
            with fleet.unit_of_work():
                fleet.resume(token)
                assert count() == (number, "replica")


# -- What it costs


class Trips:
    """Statements that went over the wire to one server, ours included."""

    def __init__(self, vendor, entry, monkeypatch):
        self.port, self.sent = int(entry["PORT"]), []
        if vendor == "postgresql":
            import psycopg

            self._listen(
                monkeypatch, psycopg.Cursor, "execute", lambda cursor: cursor.connection.info
            )
        else:
            from pymysql.connections import Connection

            self._listen(monkeypatch, Connection, "query", lambda connection: connection)

    def _listen(self, monkeypatch, owner, name, server):
        original = getattr(owner, name)

        def call(this, sql, *args, **kwargs):
            if int(server(this).port) == self.port:
                self.sent.append(str(sql))
            return original(this, sql, *args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    def of(self, act):
        """What ``act`` sends."""
        self.sent.clear()
        act()
        return list(self.sent)


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
def test_e6_what_a_request_costs(lab, monkeypatch):
    """One trip more where something was written, none where nothing was; a known position costs none."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0):
        lab.create_tables(Tag)
        primary = Trips(lab.vendor, connections.settings["default"], monkeypatch)
        replica = Trips(lab.vendor, connections.settings["replica"], monkeypatch)

        def request(*acts, token=""):
            with fleet.unit_of_work():
                fleet.resume(token)
                for act in acts:
                    act()
                return fleet.token()

        def write():
            Tag.objects.create(name="a")

        def read():
            list(Tag.objects.all())

        tokens = [request(write, read, write, read)]
        lab.catch_up()
        request(read, token=tokens[0])  # connections are open from here on

        plain = primary.of(lambda: (write(), write()))
        written = primary.of(lambda: tokens.append(request(write, write)))
        assert len(written) == len(plain) + 1
        lab.catch_up()
        assert primary.of(lambda: request(read, read)) == []
        assert primary.of(lambda: request(read, read, token=tokens[1])) == []
        assert len(replica.of(lambda: request(read, read, token=tokens[1]))) == 2


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
def test_e6_a_replica_that_is_behind_is_not_asked_for_each_read(lab, monkeypatch):
    """Nor the primary where it stands: for a moment its reads are only reads."""
    from django_fleet.replicas import selection

    monkeypatch.setattr(selection, "PATIENCE_S", 60)
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0):
        lab.create_tables(Tag)
        primary = Trips(lab.vendor, connections.settings["default"], monkeypatch)
        lab.servers.replicas[0].pause_replay()
        with fleet.unit_of_work():
            Tag.objects.create(name="a")
            token = fleet.token()
        with fleet.unit_of_work():
            fleet.resume(token)
            assert Tag.objects.count() == 1
            assert len(primary.of(lambda: [Tag.objects.count() for _ in range(5)])) == 5


def test_e6_a_request_that_is_a_transaction(lab):
    """``ATOMIC_REQUESTS``: its token is asked for after the commit."""
    layout = {**REPLICATED, "default": {"ATOMIC_REQUESTS": True}}
    with lab.fleet(layout, TOKEN_WAIT_MS=0, TOKEN_CARRIER="header"):
        lab.create_tables(Tag)
        token = Client().get("/write-and-read/").headers["Fleet-Token"]
        lab.catch_up()
        with fleet.unit_of_work():
            fleet.resume(token)
            assert count() == (1, "replica")
        lab.servers.replicas[0].pause_replay()
        token = Client().get("/write-and-read/").headers["Fleet-Token"]
        with fleet.unit_of_work():
            fleet.resume(token)
            assert count() == (2, "default")
