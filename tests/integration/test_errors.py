"""Statements F1-F4: bad input gets a clear error and loses nothing."""

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections, models, transaction
from django.db.utils import ConnectionDoesNotExist
from django.test.utils import isolate_apps, override_settings

import django_fleet as fleet
from django_fleet.checks.topology import check_replicas
from django_fleet.errors import ReplicaWriteError, UnknownDatabaseError
from django_fleet.routing.running import running
from lab.fleets import statements, tables
from lab.shop.models import Author, Book, Novel, ShortBook, Tag

OURS = "django_fleet.Router"
REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


def ids(*prefixes):
    """Ids of the fleet's own check messages, with the message of each."""
    found = [m for m in checks.run_checks() if (m.id or "").startswith("fleet.")]
    return {m.id: m for m in found if not prefixes or m.id.startswith(prefixes)}


def kill_replica(lab):
    """Kills the first replica; a SQLite file that is open stays readable, so it is closed."""
    lab.servers.replicas[0].kill()
    if lab.vendor == "sqlite":
        connections["replica"].close()


def test_f1_unknown_alias_in_a_setting(lab):
    """REPLICA_OF and PLACEMENT: a check names the place and the known aliases."""
    entries = lab.entries({"default": {}, "analytics": {}})
    entries["analytics"] = {**entries["analytics"], "REPLICA_OF": "nope"}
    with lab.project(entries, FLEET={"PLACEMENT": {"shop.Tag": "nowhere"}}):
        found = ids("fleet.E")
        assert "DATABASES['analytics']['REPLICA_OF'] names 'nope'" in found["fleet.E001"].msg
        assert 'FLEET["PLACEMENT"]["shop.Tag"] names \'nowhere\'' in found["fleet.E005"].msg
        for message in (found["fleet.E001"], found["fleet.E005"]):
            assert "'default', 'analytics'" in message.hint
        with pytest.raises(UnknownDatabaseError, match=r"PLACEMENT.*nowhere.*|nowhere.*PLACEMENT"):
            Tag.objects.count()


def test_f1_unknown_alias_of_a_router(lab):
    """The router is named, in the query's error and in a check."""
    with lab.fleet({"default": {}, "analytics": {}}, routers=[OURS, "lab.routers.WrongAlias"]):
        with pytest.raises(
            ConnectionDoesNotExist, match=r"router lab\.routers\.WrongAlias.*'default'"
        ):
            Tag.objects.count()
        assert "lab.routers.WrongAlias" in ids()["fleet.E013"].msg


def test_f1_unknown_alias_in_meta_using(lab):
    """A check names the model; a query names it too."""
    from lab.reports.models import Report

    with lab.fleet({"default": {}}):
        assert "Meta.using of reports." in ids()["fleet.E008"].msg
        with pytest.raises(
            UnknownDatabaseError, match=r"Meta\.using \(reports\.Report\).*'default'"
        ):
            Report.objects.count()


def test_f1_unknown_alias_of_a_command(lab):
    """The choices are the known aliases, for Django's commands and ours."""
    with lab.fleet({"default": {}, "analytics": {}}):
        for words in (["migrate", "--database=nope"], ["fleet", "status", "--database", "nope"]):
            with pytest.raises(CommandError, match=r"nope.*default.*analytics"):
                call_command(*words)
        assert tables("default") == set()


def test_f2_a_write_to_a_replica_is_refused_before_it_reaches_the_server(lab):
    """The ORM, raw cursors, schema changes, row locks: the server sees none of it."""
    with lab.fleet(REPLICATED):
        lab.create_tables(Tag, Author, Book, Novel)

        def raw(sql):
            with connections["replica"].cursor() as cursor:
                cursor.execute(sql)

        def lock():
            with transaction.atomic(using="replica"):
                raw("SELECT * FROM shop_tag FOR UPDATE")

        tag = Tag.objects.create(name="a")
        lab.catch_up()
        attempts = [
            lambda: Tag.objects.using("replica").create(name="x"),
            lambda: Tag.objects.using("replica").update(name="x"),
            lambda: Tag.objects.using("replica").all().delete(),
            lambda: Tag.objects.using("replica").bulk_create([Tag(name="x")]),
            lambda: tag.save(using="replica"),
            lambda: tag.delete(using="replica"),
            lambda: raw("INSERT INTO shop_tag (name) VALUES ('x')"),
            lambda: raw("/* a comment */ delete from shop_tag"),
            lambda: raw("WITH x AS (SELECT 1) DELETE FROM shop_tag"),
            lambda: raw("SELECT 1; DROP TABLE shop_tag"),
            lambda: connections["replica"].cursor().callproc("anything"),
            lock,
        ]
        with statements() as seen:
            for attempt in attempts:
                with pytest.raises(ReplicaWriteError, match="'replica', a replica of 'default'"):
                    attempt()
        # A statement that was refused is logged by Django without text or with it, but never sent:
        # what the session's own read-only mode would have answered is not ReplicaWriteError.
        assert {alias for alias, _ in seen} <= {"default", "replica"}
        assert Tag.objects.using("default").get().name == "a"


def test_f2_the_session_of_a_replica_refuses_what_no_cursor_of_django_sees(lab):
    """A driver's own cursor, even where the server itself would take the write."""
    entries = lab.entries({"default": {}})
    entries["replica"] = {**entries["default"], "REPLICA_OF": "default"}
    with lab.project(entries, FLEET={}):
        lab.create_tables(Tag)
        connections["replica"].ensure_connection()
        cursor = connections["replica"].connection.cursor()
        with pytest.raises(Exception, match=r"(?i)read.?only"):
            cursor.execute("INSERT INTO shop_tag (name) VALUES ('x')")
        connections["replica"].close()
        assert Tag.objects.using("default").count() == 0


def test_f3_reads_move_on_when_a_replica_is_down(lab):
    """To the primary, at once; raw queries too; the next reads do not try the dead one again."""
    with lab.fleet(REPLICATED):
        lab.create_tables(Tag)
        Tag.objects.using("default").create(name="a")
        lab.catch_up()
        with fleet.unit_of_work():
            assert Tag.objects.get().name == "a"
            assert Tag.objects.all().db == "replica"
            kill_replica(lab)
            assert Tag.objects.get().name == "a"
            assert Tag.objects.all().db == "default"
            assert [tag.name for tag in Tag.objects.raw("SELECT * FROM shop_tag")] == ["a"]
            assert not running().nodes.is_online("replica")
        with fleet.unit_of_work():
            assert Tag.objects.all().db == "default"
        lab.servers.replicas[0].restart()


def test_f3_a_raw_query_moves_on_by_itself(lab):
    """Although it does not pass the compiler."""
    with lab.fleet(REPLICATED):
        lab.create_tables(Tag)
        Tag.objects.using("default").create(name="a")
        lab.catch_up()
        with fleet.unit_of_work():
            assert [tag.name for tag in Tag.objects.raw("SELECT * FROM shop_tag")] == ["a"]
            assert running().nodes.is_online("replica")
            kill_replica(lab)
            assert [tag.name for tag in Tag.objects.raw("SELECT * FROM shop_tag")] == ["a"]
            assert not running().nodes.is_online("replica")
        lab.servers.replicas[0].restart()


def test_f3_what_cannot_move_on_names_the_database_and_disturbs_no_other(lab):
    """Django's own OperationalError, with the alias in its text."""
    entries = lab.entries({"default": {}, "down": {}})
    gone = (
        {"NAME": "/nowhere/at/all.sqlite3"}
        if "sqlite" in entries["down"]["ENGINE"]
        else {"PORT": "1"}
    )
    entries["down"] = {**entries["down"], **gone}
    with lab.project(entries, FLEET={}):
        with connections["default"].schema_editor() as editor:
            editor.create_model(Tag)
        Tag.objects.create(name="a")
        for attempt in (
            lambda: Tag.objects.using("down").count(),
            lambda: Tag.objects.create(name="x", using="down"),
            connections["down"].cursor,
        ):
            with pytest.raises(OperationalError, match=r"\[database 'down'\]"):
                attempt()
            assert Tag.objects.get().name == "a"


def test_f3_a_read_in_a_transaction_of_a_replica_does_not_move(lab):
    """What was read before belongs together with what would be read elsewhere."""
    with lab.fleet(REPLICATED):
        lab.create_tables(Tag)
        with fleet.unit_of_work(), pytest.raises(OperationalError, match=r"\[database 'replica'\]"):
            with transaction.atomic(using="replica"):
                assert Tag.objects.using("replica").count() == 0
                lab.servers.replicas[0].kill()
                if lab.vendor == "sqlite":
                    connections["replica"].connection.close()
                    connections["replica"].connection = None
                Tag.objects.using("replica").count()
        connections["replica"].close()
        lab.servers.replicas[0].restart()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"a": "b", "b": "default"}, {"fleet.E002"}),
        ({"a": "b", "b": "a"}, {"fleet.E003"}),
        ({"a": "a"}, {"fleet.E003"}),
        ({"a": "nope"}, {"fleet.E001"}),
        ({"a": 7}, {"fleet.E001"}),
        ({"a": None}, set()),
    ],
)
def test_f4_replicas_that_cannot_be(lab, changes, expected):
    """A replica of a replica, circles, unknown primaries: an error with an id and a hint."""
    entries = lab.entries({"default": {}, "a": {}, "b": {}})
    for alias, primary in changes.items():
        entries[alias] = {**entries[alias], "REPLICA_OF": primary}
    with lab.project(entries, FLEET={}):
        found = check_replicas()
        assert {message.id for message in found} == expected
        assert all(message.hint for message in found)
        assert running().fleet.primary_of("default") == "default"


def test_f4_a_replica_of_another_vendor(lab_on):
    """MariaDB cannot repeat PostgreSQL."""
    postgresql = lab_on("postgresql")
    entries = postgresql.entries({"default": {}, "legacy": {"on": lab_on("mariadb")}})
    entries["legacy"]["REPLICA_OF"] = "default"
    with postgresql.project(entries, FLEET={}):
        assert {message.id for message in check_replicas()} == {"fleet.E014"}


@pytest.mark.parametrize("weight", [-1, 0.5, "many", True, None])
def test_f4_a_weight_is_a_whole_number(lab, weight):
    """Anything else is an error, and counts as 1."""
    entries = lab.entries(REPLICATED)
    entries["replica"]["WEIGHT"] = weight
    with lab.project(entries, FLEET={}):
        assert "WEIGHT" in ids()["fleet.E004"].msg
        assert running().fleet.databases["replica"].weight == 1


def test_f4_two_homes_for_one_model(lab):
    """Two spellings of a label; a parent and a child; a proxy and its table; a router and a setting."""
    layout = {"default": {}, "other": {}, "analytics": {}, "replica": {"REPLICA_OF": "other"}}
    placements = {
        "fleet.E007": {"shop.tag": "other", "shop.Tag": "default"},
        "fleet.E010": {"shop.Novel": "other"},
        "fleet.E011": {"shop.ShortBook": "other"},
        "fleet.E006": {"shop.Tag": "replica"},
        "fleet.W002": {"shop.Nothing": "other"},
    }
    entries = lab.entries(layout)
    for expected, placement in placements.items():
        with lab.project(dict(entries), FLEET={"PLACEMENT": placement}):
            found = ids()
            assert set(found) == {expected}, placement
            assert found[expected].hint
    with lab.project(dict(entries), FLEET={"PLACEMENT": {"shop.Book": "other"}}):
        assert ids() == {}, "a child and a proxy that nobody placed go with their parent"
        assert {fleet.explain(model).home for model in (Book, Novel, ShortBook)} == {"other"}
    with lab.project(
        dict(entries),
        routers=[OURS, "lab.routers.Another"],
        FLEET={"PLACEMENT": {"shop.Tag": "analytics"}},
    ):
        assert set(ids()) == {"fleet.E012"}


def test_f4_how_the_project_is_put_together(lab):
    """Misspelt keys, a missing or late router, a missing middleware."""
    entries = lab.entries({**REPLICATED, "analytics": {}})
    with lab.project(dict(entries), FLEET={"PLACMENT": {}}, MIDDLEWARE=[]):
        assert {"fleet.W001", "fleet.W005"} == set(ids())
        assert "'PLACMENT'" in ids()["fleet.W001"].msg
    with lab.project(dict(entries), routers=[], FLEET={}):
        assert set(ids()) == {"fleet.W003"}
    with lab.project(dict(entries), routers=["lab.routers.ReadOnlyOpinion", OURS], FLEET={}):
        assert set(ids()) == {"fleet.W004"}


def test_f4_a_meta_using_that_names_a_replica(lab):
    """The primary is the home; replicas serve it by themselves."""
    layout = {"default": {}, "analytics": {"REPLICA_OF": "default"}}
    with lab.fleet(layout):
        assert "'analytics', a replica of 'default'" in ids()["fleet.E006"].msg


@isolate_apps("lab.shop")
def test_f4_meta_takes_using_and_nothing_else_new():
    """Other unknown names in Meta are refused as ever."""

    class Fine(models.Model):
        class Meta:
            app_label = "shop"
            using = "analytics"

    assert Fine._meta.using == "analytics"
    with pytest.raises(TypeError, match="nonsense"):

        class Wrong(models.Model):
            class Meta:
                app_label = "shop"
                nonsense = True


@pytest.mark.parametrize(
    "policy",
    [
        {"CONSISTENCY": "sometimes"},
        {"PLACEMENT": ["shop"]},
        {"PLACEMENT": {"shop": 1}},
        {"OFFLINE_S": "x"},
        [],
    ],
)
def test_f_a_policy_of_a_wrong_kind_is_refused(policy):
    """When it is read, with the key and the value in the message."""
    from django_fleet import conf
    from django_fleet.errors import FleetError

    with override_settings():
        from django.conf import settings

        settings.FLEET = policy
        with pytest.raises(FleetError, match="FLEET"):
            conf.read()
