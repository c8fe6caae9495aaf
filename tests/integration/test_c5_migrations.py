"""Statement C5 in migrations: a field is added, altered, renamed, removed, and moves with its values."""

import datetime as dt
import importlib
import sys
import uuid

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections, models
from django.db.migrations import operations as ops
from django.db.migrations.state import ProjectState
from django.test.utils import override_settings

from django_fleet.errors import SplitMigrationError
from django_fleet.relations.split import moving
from lab.commands import run
from lab.fleets import tables
from lab.people.fleet import installed
from lab.people.models import Person

LAYOUT = {"default": {}, "profiles": {}, "records": {}}
ALIASES = tuple(LAYOUT)


def text(**options):
    return models.CharField(max_length=50, **options)


class History:
    """One model under migrations: the state after each, applied to all databases."""

    def __init__(self, **fields):
        self.state = ProjectState()
        key = models.BigAutoField(primary_key=True)
        self.apply(ops.CreateModel("Diary", [("id", key), *fields.items()]))

    def apply(self, operation, aliases=ALIASES):
        self.run(operation, aliases)
        operation.state_forwards("shop", self.state)

    def run(self, operation, aliases=ALIASES, *, backwards=False):
        """In the order of ``aliases``; the state stays as it is."""
        after = self.state.clone()
        operation.state_forwards("shop", after)
        for alias in aliases:
            with connections[alias].schema_editor() as editor:
                if backwards:
                    operation.database_backwards("shop", editor, after, self.state)
                else:
                    operation.database_forwards("shop", editor, self.state, after)
        return after

    @property
    def diary(self):
        return self.state.apps.get_model("shop", "Diary")

    def rows(self, *names):
        return list(self.diary.objects.order_by("pk").values_list(*names))

    def write(self, count=5, **values):
        for number in range(count):
            self.diary.objects.create(
                **{name: f"{value}{number}" for name, value in values.items()}
            )


def columns(alias, table="shop_diary"):
    connection = connections[alias]
    if table not in tables(alias):
        return None
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
    return {each.name for each in found}


@pytest.fixture
def fleet(lab):
    with installed(), lab.fleet(LAYOUT):
        yield lab


@pytest.fixture
def mixed(lab_on):
    """Rows on SQLite, columns on PostgreSQL and MariaDB."""
    lab = lab_on("sqlite")
    homes = {"profiles": {"on": lab_on("postgresql")}, "records": {"on": lab_on("mariadb")}}
    with installed(), lab.fleet({"default": {}, **homes}):
        yield lab


@pytest.mark.usefixtures("fleet")
def test_c5_a_model_is_created_in_parts():
    """Each column at its home; the companion has the key of the row."""
    History(name=text(), bio=text(using="profiles"), score=text(null=True, using="records"))
    assert columns("default") == {"id", "name"}
    assert columns("profiles", "shop_diary_profiles") == {"id", "bio"}
    assert columns("records", "shop_diary_records") == {"id", "score"}
    assert [columns(alias) for alias in ("profiles", "records")] == [None, None]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("others", [{}, {"mood": text(default="m", using="profiles")}])
def test_c5_a_field_is_added_with_its_default(others):
    """Rows that are there have it; a nullable one costs no row."""
    history = History(name=text(), **others)
    history.write(3, name="n")
    history.apply(ops.AddField("diary", "bio", text(default="new", using="profiles")))
    assert history.rows("name", "bio") == [("n0", "new"), ("n1", "new"), ("n2", "new")]
    history.apply(ops.AddField("diary", "extra", text(null=True, using="records")))
    assert history.rows("extra") == [(None,)] * 3
    with connections["records"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shop_diary_records")
        assert cursor.fetchone() == (0,)


@pytest.mark.usefixtures("fleet")
def test_c5_a_one_off_default_is_for_the_rows_that_are_there():
    """As ``makemigrations`` asks for it."""
    history = History(name=text())
    history.write(2, name="n")
    field = text(default="once", using="profiles")
    history.apply(ops.AddField("diary", "bio", field, preserve_default=False))
    assert history.rows("bio") == [("once",), ("once",)]
    assert not history.diary._meta.get_field("bio").has_default()


@pytest.mark.usefixtures("fleet")
def test_c5_a_field_is_altered_renamed_and_removed():
    """Where it lives; the last one takes the companion's table with it. And back."""
    history = History(name=text(), bio=text(using="profiles"))
    history.write(2, name="n", bio="b")
    history.apply(ops.AlterField("diary", "bio", models.TextField(null=True, using="profiles")))
    history.diary.objects.filter(name="n0").update(bio=None)
    history.apply(ops.RenameField("diary", "bio", "life"))
    assert columns("profiles", "shop_diary_profiles") == {"id", "life"}
    assert history.rows("name", "life") == [("n0", None), ("n1", "b1")]
    remove = ops.RemoveField("diary", "life")
    history.run(remove)
    assert columns("profiles", "shop_diary_profiles") is None
    history.run(remove, backwards=True)
    assert columns("profiles", "shop_diary_profiles") == {"id", "life"}
    assert columns("default") == {"id", "name"}


@pytest.mark.usefixtures("fleet")
def test_c5_a_model_is_renamed_and_deleted():
    """Its companions with it."""
    history = History(name=text(), bio=text(using="profiles"))
    history.write(2, name="n", bio="b")
    history.apply(ops.RenameModel("Diary", "Journal"))
    journal = history.state.apps.get_model("shop", "Journal")
    assert sorted(journal.objects.values_list("bio", flat=True)) == ["b0", "b1"]
    assert columns("profiles", "shop_journal_profiles") == {"id", "bio"}
    history.apply(ops.AlterModelTable("Journal", "log"))
    assert columns("profiles", "log_profiles") == {"id", "bio"}
    assert columns("default", "log") == {"id", "name"}
    history.apply(ops.DeleteModel("Journal"))
    assert columns("profiles", "log_profiles") is columns("default", "log") is None


@pytest.mark.usefixtures("fleet")
def test_c5_constraints_and_indexes_are_where_their_columns_are():
    """They are made, hold, and go."""
    history = History(name=text(), bio=text(using="profiles"), mood=text(using="profiles"))
    unique = models.UniqueConstraint(fields=["bio", "mood"], name="one_mood")
    history.apply(ops.AddConstraint("diary", unique))
    history.apply(ops.AddIndex("diary", models.Index(fields=["mood"], name="by_mood")))
    history.apply(ops.RenameIndex("diary", new_name="moods", old_name="by_mood"))
    assert {"one_mood", "moods"} <= constraints("profiles", "shop_diary_profiles")
    assert not {"one_mood", "moods", "by_mood"} & constraints("default", "shop_diary")
    history.write(1, name="n", bio="b", mood="m")
    with pytest.raises(IntegrityError):
        history.write(1, name="n", bio="b", mood="m")
    assert history.rows("name") == [("n0",)]
    history.apply(ops.RemoveConstraint("diary", "one_mood"))
    history.apply(ops.RemoveIndex("diary", "moods"))
    history.apply(ops.AlterUniqueTogether("diary", {("bio", "name")} - {("bio", "name")}))
    assert not {"one_mood", "moods"} & constraints("profiles", "shop_diary_profiles")
    history.write(1, name="n", bio="b", mood="m")


@pytest.mark.usefixtures("fleet")
def test_c5_unique_together_at_one_home():
    """Also when it changes beside one of the own table."""
    history = History(
        name=text(), age=text(), bio=text(using="profiles"), mood=text(using="profiles")
    )
    history.apply(ops.AlterUniqueTogether("diary", {("bio", "mood"), ("name", "age")}))
    history.write(1, name="n", age="a", bio="b", mood="m")
    with pytest.raises(IntegrityError):
        history.diary.objects.create(name="x", age="x", bio="b0", mood="m0")
    with pytest.raises(IntegrityError):
        history.diary.objects.create(name="n0", age="a0", bio="x", mood="x")
    history.apply(ops.AlterUniqueTogether("diary", {("name", "age")}))
    history.diary.objects.create(name="x", age="x", bio="b0", mood="m0")


@pytest.mark.usefixtures("fleet")
def test_c5_the_key_of_a_model_in_parts_is_altered():
    """The companion's with it."""
    history = History(name=text(), bio=text(using="profiles"))
    history.write(1, name="n", bio="b")
    history.apply(ops.AlterField("diary", "name", text(unique=True)))
    history.apply(ops.AlterField("diary", "id", models.CharField(max_length=30, primary_key=True)))
    history.diary.objects.create(pk="key", name="m", bio="c")
    assert sorted(history.rows("pk", "bio")) == [("1", "b0"), ("key", "c")]


MOVES = [(None, "profiles"), ("profiles", None), ("profiles", "records")]


def at(using, **options):
    return text(**options) if using is None else text(using=using, **options)


def table_of(using):
    return ("default", "shop_diary") if using is None else (using, f"shop_diary_{using}")


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("old", "new"), MOVES)
@pytest.mark.parametrize("has_others", [False, True])
def test_c5_a_field_moves_with_its_values(old, new, has_others, monkeypatch):
    """The new home first, then the old one; what is written in between comes along. And back."""
    monkeypatch.setattr(moving, "CHUNK", 2)
    others = {f"with_{using}": at(using, default="o") for using in {old, new} - {None}}
    history = History(name=text(), bio=at(old, unique=True), **(others if has_others else {}))
    history.write(5, name="n", bio="b")
    move = ops.AlterField("diary", "bio", at(new, unique=True))
    first, *later = dict.fromkeys((new or "default", old or "default", *ALIASES))
    history.run(move, [first])
    history.diary.objects.filter(name="n1").update(bio="changed")
    if new is not None and not has_others:  # else old code cannot write the new column, NOT NULL
        history.write(1, name="late", bio="late")
    expected = history.rows("name", "bio")
    assert ("n1", "changed") in expected
    history.run(move, later)
    before = history.state.clone()
    move.state_forwards("shop", history.state)
    assert history.rows("name", "bio") == expected
    assert "bio" in columns(*table_of(new))
    assert "bio" not in (columns(*table_of(old)) or ())
    with pytest.raises(IntegrityError):
        history.write(1, name="n", bio="b")
    history.state = before
    history.run(move, [*later, first], backwards=True)
    assert history.rows("name", "bio") == expected


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("old", "new"), MOVES)
def test_c5_a_move_that_would_lose_values_is_refused(old, new):
    """The old home first: nothing is changed, and the error says which command comes first."""
    history = History(name=text(), bio=at(old), **({"keep": at(new)} if new == "records" else {}))
    history.write(2, name="n", bio="b", **({"keep": "k"} if new == "records" else {}))
    move = ops.AlterField("diary", "bio", at(new))
    home = new or "default"
    with pytest.raises(SplitMigrationError, match=f"migrate --database={home}"):
        history.run(move, [old or "default"])
    assert history.rows("bio") == [("b0",), ("b1",)]
    history.apply(move, [home, *(alias for alias in ALIASES if alias != home)])
    assert history.rows("bio") == [("b0",), ("b1",)]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("old", "new"), MOVES)
def test_c5_a_move_that_was_cut_off_goes_on(old, new, monkeypatch):
    """The copy dies in the middle, on the way to the new home and before the old column goes."""
    monkeypatch.setattr(moving, "CHUNK", 2)
    history = History(name=text(), bio=at(old))
    history.write(5, name="n", bio="b")
    expected = history.rows("name", "bio")
    move = ops.AlterField("diary", "bio", at(new))
    for alias in (new or "default", old or "default"):
        with monkeypatch.context() as patched, pytest.raises(InterruptedError):
            patched.setattr(moving.Place, "write", dying_after(1, moving.Place.write))
            history.run(move, [alias])
        assert history.rows("name", "bio") == expected
        history.run(move, [alias])
    move.state_forwards("shop", history.state)
    assert history.rows("name", "bio") == expected


def dying_after(count, write):
    done = []

    def write_or_die(place, values):
        if len(done) == count:
            raise InterruptedError
        done.append(values)
        write(place, values)

    return write_or_die


def test_c5_a_field_moves_between_vendors(mixed):
    """Through every home, with values that vendors store differently."""
    history = History(
        name=text(),
        data=models.JSONField(null=True),
        made=models.DateTimeField(null=True),
        key=models.UUIDField(null=True),
    )
    values = {
        "data": {"a": [1, None, "é"]},
        "made": dt.datetime(2024, 3, 10, 8, 30, 0, 1, tzinfo=dt.UTC),
        "key": uuid.UUID(int=7),
    }
    history.diary.objects.create(name="full", **values)
    history.diary.objects.create(name="empty")
    expected = history.rows("name", "data", "made", "key")
    kinds = {"data": models.JSONField, "made": models.DateTimeField, "key": models.UUIDField}
    for using in ("profiles", "records", None):
        for name, kind in kinds.items():
            options = {} if using is None else {"using": using}
            move = ops.AlterField("diary", name, kind(null=True, **options))
            home = using or "default"
            history.apply(move, [home, *(alias for alias in ALIASES if alias != home)])
        assert history.rows("name", "data", "made", "key") == expected


def constraints(alias, table):
    connection = connections[alias]
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, table))


# -- With the commands


@pytest.fixture
def migrations(tmp_path, monkeypatch):
    """A package for the migrations of people, out of the way."""
    package = tmp_path / "people_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(MIGRATION_MODULES={"people": "people_migrations"}):
        yield package
    for name in [each for each in sys.modules if each.startswith("people_migrations")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def test_c5_makemigrations_and_migrate(fleet, migrations):
    """The field is in the migration as it is written; nothing else is; nothing is left to do."""
    run("makemigrations", "people")
    written = (migrations / "0001_initial.py").read_text()
    assert "('bio', models.TextField(blank=True, default='', using='profiles'))" in written
    assert "Person_profiles" not in written
    assert "No changes" in run("makemigrations", "people", check_changes=True)
    for alias in ALIASES:
        call_command("migrate", "people", database=alias, verbosity=0)
    assert {"people_person_profiles", "people_dated_profiles"} <= tables("profiles")
    assert "people_person" not in tables("profiles")
    Person.objects.create(name="Ann", bio="long")
    assert Person.objects.get(bio="long").name == "Ann"
    assert "people_person_profiles" in run("sqlmigrate", "people", "0001", database="profiles")
    for alias in ALIASES:
        call_command("migrate", "people", "zero", database=alias, verbosity=0)
    assert not [each for alias in ALIASES for each in tables(alias) if each.startswith("people_")]


@pytest.mark.usefixtures("migrations")
def test_c5_tables_without_migrations(fleet):
    """``migrate --run-syncdb`` makes companions, and ``flush`` empties them."""
    with override_settings(MIGRATION_MODULES={"people": None}):
        for alias in ALIASES:
            call_command("migrate", "people", run_syncdb=True, database=alias, verbosity=0)
        assert "people_person_profiles" in tables("profiles")
        Person.objects.create(name="Ann", bio="long")
        call_command(
            "flush", database="profiles", interactive=False, reset_sequences=False, verbosity=0
        )
        assert Person.objects.get().bio is None
