"""Keys of one database in a statement of another: the right rows, by the index; what planners say."""

import datetime as dt
import uuid
from decimal import Decimal
from functools import partial
from itertools import product

import pytest
from django.db import connections, models, transaction
from django.test.utils import isolate_apps

from django_fleet.vendors import vendor_of
from lab.cargo import between as two_databases
from lab.cargo import column, everything, fetch, fill, keys, model, quoted, ship

VENDORS = ("postgresql", "mariadb", "sqlite")
MANY = 2000
MORNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
INDEXED = {
    "integer": (models.IntegerField, {}, range(1, MANY + 1)),
    "big": (models.BigIntegerField, {}, range(2**40, 2**40 + MANY)),
    "char": (models.CharField, {"max_length": 30}, [f"k'{n:04}é" for n in range(MANY)]),
    "uuid": (models.UUIDField, {}, [uuid.UUID(int=n * 7919) for n in range(MANY)]),
    "decimal": (
        models.DecimalField,
        {"max_digits": 10, "decimal_places": 2},
        [Decimal(n) / 100 for n in range(MANY)],
    ),
    "date": (models.DateField, {}, [MORNING.date() + dt.timedelta(n) for n in range(MANY)]),
    "datetime": (models.DateTimeField, {}, [MORNING + dt.timedelta(0, n, n) for n in range(MANY)]),
    "address": (
        models.GenericIPAddressField,
        {},
        [f"10.0.{n // 250}.{n % 250}" for n in range(MANY)],
    ),
    "binary": (models.BinaryField, {"max_length": 9}, [b"%d\0" % n for n in range(MANY)]),
}


@pytest.fixture
def between(lab_on):
    """Opens a fleet of two databases on the named vendors: ``home`` and ``host``."""
    return partial(two_databases, lab_on)


def uses_index(host, sql, params):
    """Whether the plan of the statement looks values up in an index."""
    vendor = connections[host].vendor
    if vendor == "sqlite":
        plan = fetch(host, f"EXPLAIN QUERY PLAN {sql}", params)
        return any(row[3].startswith("SEARCH l USING") for row in plan)
    if vendor == "postgresql":
        fetch(host, "SELECT set_config('enable_seqscan', 'off', false)")  # the table is small
        return "Index Cond" in str(fetch(host, f"EXPLAIN {sql}", params))
    plan = fetch(host, f"EXPLAIN {sql}", params)
    return any(row[2] == "l" and row[3] in {"range", "ref", "eq_ref"} for row in plan)


def fill_keyed(made, alias, values):
    with connections[alias].schema_editor() as editor:
        editor.create_model(made)
    made._base_manager.using(alias).bulk_create(
        made(id=place, value=value) for place, value in enumerate(values, 1)
    )
    with connections[alias].cursor() as cursor:
        table = "TABLE " if connections[alias].vendor == "mysql" else ""
        cursor.execute(f"ANALYZE {table}shop_keyed")


# MariaDB has no index on a whole binary column.
@pytest.mark.parametrize(
    ("host", "name"),
    [pair for pair in product(VENDORS, INDEXED) if pair != ("mariadb", "binary")],
)
def test_keys_choose_the_right_rows_by_the_index(between, host, name):
    """Few keys and many, alone and negated; the host looks few of them up one by one."""
    kind, options, values = INDEXED[name]
    with isolate_apps("lab.shop"), between("postgresql", host):
        made = model("Keyed", value=kind(db_index=True, **options))
        fill_keyed(made, "host", values)
        carried = column(made._meta.get_field("value"))
        for count in (1, 40, 1500):
            wanted = list(values)[:: len(values) // count][:count]
            chosen = keys("host", f"l.{quoted('host', 'value')}", carried, wanted, source="home")
            sql = f"SELECT l.id FROM shop_keyed l WHERE {chosen.sql}"
            assert count > 40 or uses_index("host", sql, chosen.params), (count, sql[:200])
            found = [row[0] for row in fetch("host", f"{sql} ORDER BY l.id", chosen.params)]
            assert [values[place - 1] for place in found] == wanted
            negated = f"SELECT count(*) FROM shop_keyed l WHERE NOT ({chosen.sql})"
            assert fetch("host", negated, chosen.params) == [(len(values) - count,)]


@pytest.mark.parametrize("host", ["postgresql", "mariadb"])
def test_decimals_are_compared_to_the_last_digit(between, host):
    """As decimals, never as doubles, which take these three for one."""
    with isolate_apps("lab.shop"), between("postgresql", host):
        made = model("Keyed", value=models.DecimalField(max_digits=30, decimal_places=10))
        values = [Decimal(f"12345678901234567890.000000000{n}") for n in (1, 2, 3)]
        fill_keyed(made, "host", values)
        carried = column(made._meta.get_field("value"))
        for others in ([], [Decimal(7), Decimal(8)], [Decimal(n) for n in range(1500)]):
            chosen = keys("host", "value", carried, [values[1], *others], source="home")
            sql = f"SELECT value FROM shop_keyed WHERE {chosen.sql}"
            assert fetch("host", sql, chosen.params) == [(values[1],)]
        cargo = ship("host", [carried], [(each,) for each in values], source="home")
        joined = f"SELECT l.id FROM shop_keyed l JOIN {cargo.sql} s ON l.value = s.value"
        assert len(fetch("host", joined, cargo.params)) == 3


@pytest.mark.parametrize(
    ("home", "equals"),
    [("postgresql", ["a"]), ("sqlite", ["a"]), ("mariadb", ["A", "A ", "a", "a "])],
)
def test_text_of_another_vendor_keeps_its_equality_on_mariadb(between, home, equals):
    """'a' is neither 'A' nor 'a ' there, though a local column says so; few keys, many and tables."""
    with isolate_apps("lab.shop"), between(home, "mariadb"):
        made = model("Keyed", value=models.CharField(max_length=30, db_index=True))
        fill_keyed(made, "host", ["a", "A", "a ", "A ", "b", *map(str, range(50))])
        carried = column(made._meta.get_field("value"))
        few = keys("host", "l.value", carried, ["a", "c"], source="home")
        others = [f"x{n}" for n in range(1500)]
        many = keys("host", "l.value", carried, ["a", *others], source="home")
        cargo = ship("host", [carried], [("a",)], source="home")
        for condition, params in (
            (f"WHERE {few.sql}", few.params),
            (f"WHERE {many.sql}", many.params),
            (f"JOIN {cargo.sql} s ON l.value = s.value", cargo.params),
        ):
            sql = f"SELECT l.value FROM shop_keyed l {condition}"
            assert sorted(row[0] for row in fetch("host", sql, params)) == equals
        sql = f"SELECT l.id FROM shop_keyed l WHERE {few.sql}"
        assert uses_index("host", sql, few.params)  # for more the table is too small


def test_keys_pass_from_one_postgresql_to_another_as_text(between):
    """The text that the home makes chooses the rows of the host; empty keys are no text."""
    with between("postgresql", "postgresql"), everything() as made:
        fill(made, "home")
        fill(made, "host")
        home, host = connections["home"], connections["host"]
        carrier = vendor_of(host).carrier
        assert carrier.can_pass_text(host, home)
        for field in made._meta.local_fields:
            query = f'SELECT DISTINCT "{field.column}" FROM shop_everything'
            ((text, count),) = fetch("home", carrier.keys_as_text(query))
            chosen = carrier.keys_from_text(host, f'"{field.column}"', field, text)
            sql = f'SELECT count(DISTINCT "{field.column}") FROM shop_everything WHERE {chosen.sql}'
            assert fetch("host", sql, chosen.params) == [(count,)], field.name
            assert count > 0
        nothing = carrier.keys_as_text("SELECT id FROM shop_everything WHERE id < 0")
        assert fetch("home", nothing) == [(None, 0)]


def test_text_does_not_pass_between_sessions_that_write_dates_apart(between):
    """A date in the form of one session may be another date in the other's."""
    with between("postgresql", "postgresql"):
        home, host = connections["home"], connections["host"]
        with home.cursor() as cursor:
            cursor.execute("SET intervalstyle = 'iso_8601'")
        assert not vendor_of(host).carrier.can_pass_text(host, home)


@pytest.mark.parametrize("home", ["mariadb", "sqlite"])
def test_only_postgresql_passes_text(between, home):
    """What another vendor would cut or round has to be read first."""
    with between(home, "postgresql"):
        for one, other in (("home", "host"), ("host", "home")):
            carrier = vendor_of(connections[one]).carrier
            assert not carrier.can_pass_text(connections[one], connections[other])


# -- What the host's planner makes of it


@pytest.mark.parametrize("host", ["mariadb", "sqlite"])
@pytest.mark.parametrize("name", ["integer", "char", "to_uuid"])
def test_rows_on_the_right_of_a_join_get_an_index(between, host, name):
    """Without one a thousand local rows would read the parameter's text a thousand times."""
    with between("postgresql", host), everything() as made:
        fill(made, "host")
        field = made._meta.get_field(name)
        there = quoted("host", field.column)
        known = f"SELECT {there} FROM shop_everything WHERE {there} IS NOT NULL"
        value = field.to_python(fetch("host", known)[0][0])
        cargo = ship("host", [column(field)], [(value,)] * 3, source="home")
        sql = (
            f"EXPLAIN {'QUERY PLAN ' * (host == 'sqlite')}SELECT count(*) FROM shop_everything l"
            f" LEFT JOIN {cargo.sql} s ON s.{there} = l.{there} WHERE s.{there} IS NULL"
        )
        plan = str(fetch("host", sql, cargo.params))
        assert "key0" in plan or "AUTOMATIC" in plan, plan


@pytest.mark.parametrize("host", ["postgresql", "mariadb"])
def test_a_planner_is_asked_for_an_estimate(between, host):
    """About right on an analyzed table; no idea, and no harm to a transaction, when it refuses."""
    with isolate_apps("lab.shop"), between(host, host):
        made = model("Keyed", value=models.IntegerField(db_index=True))
        fill_keyed(made, "host", range(1000))
        connection = connections["host"]
        estimate = vendor_of(connection).carrier.estimated_result
        assert 900 <= estimate(connection, "SELECT * FROM shop_keyed", ()) <= 1100
        assert estimate(connection, "SELECT * FROM shop_keyed WHERE value = %s", (5,)) == 1
        with transaction.atomic(using="host"):
            assert estimate(connection, "SELECT * FROM missing", ()) is None
            assert estimate(connection, "SELECT %s", ()) is None
            assert fetch("host", "SELECT count(*) FROM shop_keyed") == [(1000,)]


def test_sqlite_has_no_estimate(between):
    """Its planner counts in costs of its own."""
    with between("sqlite", "sqlite"):
        connection = connections["host"]
        assert vendor_of(connection).carrier.estimated_result(connection, "SELECT 1", ()) is None
