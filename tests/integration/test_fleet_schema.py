"""Fingerprints and differences of real schemas, which statement B6 rests on."""

import io
import itertools

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, models
from django.db.migrations import operations
from django.db.migrations.state import ProjectState
from django.db.models import Q
from django.db.models.functions import Lower

from django_fleet.migration.schema import differences, fingerprint, schema_of
from lab.commands import fleet_json, run
from lab.crm.models import Call, Customer
from lab.fleets import statements, unreachable

COLLATIONS = {"sqlite": "nocase", "postgresql": "C", "mariadb": "utf8mb4_bin"}
NUMBER = models.CharField(max_length=100)
EXTRA = "extra"


def operate(alias, *todo):
    """Operations of a migration of ``crm`` on one database, after the models as they are."""
    state = ProjectState.from_apps(apps)
    for operation in todo:
        after = state.clone()
        operation.state_forwards("crm", after)
        with connections[alias].schema_editor() as editor:
            operation.database_forwards("crm", editor, state, after)
        state = after


def add(field, name=EXTRA):
    return operations.AddField("call", name, field)


def alter(field):
    return operations.AlterField("call", "number", field)


def index(*args, **options):
    return operations.AddIndex("call", models.Index(*args, name="extra_index", **options))


def constraint(each):
    return operations.AddConstraint("call", each)


CHANGES = {
    "column": (add(models.IntegerField(null=True)), {("column", EXTRA)}),
    "default": (add(models.IntegerField(db_default=5)), {("column", EXTRA)}),
    "generated": (
        add(
            models.GeneratedField(expression=Lower("number"), output_field=NUMBER, db_persist=True)
        ),
        {("column", EXTRA)},
    ),
    "length": (alter(models.CharField(max_length=200)), {("column", "number")}),
    "null": (alter(models.CharField(max_length=100, null=True)), {("column", "number")}),
    "index": (index(fields=["number"]), {("index", "")}),
    "unique": (
        constraint(models.UniqueConstraint(fields=["number"], name="u")),
        {("constraint", ""), ("index", "")},
    ),
    "check": (
        constraint(models.CheckConstraint(condition=Q(number__gt="1"), name="c")),
        {("constraint", "")},
    ),
    "foreign key": (
        add(models.ForeignKey("crm.Customer", models.CASCADE, null=True), "owner"),
        {("column", "owner_id"), ("constraint", ""), ("index", "")},
    ),
    "table": (operations.DeleteModel("Call"), {("table", "")}),
}


@pytest.fixture
def twins(lab):
    """Two databases with the tables of ``crm``."""
    with lab.fleet({"left": {}, "right": {}, "default": None}):
        for alias in ("left", "right"):
            with connections[alias].schema_editor() as editor:
                editor.create_model(Customer)
                editor.create_model(Call)
        yield lab


def found(**options):
    return differences(schema_of(connections["left"]), schema_of(connections["right"]), **options)


def fingerprints(**options):
    return {fingerprint(connections[alias], **options).digest for alias in ("left", "right")}


def test_b6_equal_databases_have_one_fingerprint(twins):
    """Also the exact one, and nothing differs."""
    assert fingerprint(connections["left"], exact=True) == fingerprint(
        connections["right"], exact=True
    )
    assert len(fingerprints()) == 1
    assert found(exact=True) == []


@pytest.mark.parametrize("change", CHANGES)
def test_b6_each_change_of_a_schema_is_seen_and_named(twins, change):
    """In the table and the column where it is, and nowhere else; undone from the other side, too."""
    operation, expected = CHANGES[change]
    operate("right", operation)
    assert len(fingerprints()) == 2
    seen = found()
    assert {each.table for each in seen} == {"crm_call"}
    kinds = {(each.kind, each.name) for each in seen}
    assert kinds <= expected
    assert kinds & (expected - {("index", "")} or expected)
    operate("left", operation)
    assert len(fingerprints()) == 1
    assert found(exact=True) == []


def test_b6_a_collation_is_part_of_a_column(twins):
    """By its name, as the vendor has it."""
    operate("right", alter(models.CharField(max_length=100, db_collation=COLLATIONS[twins.vendor])))
    (seen,) = found()
    assert (seen.kind, seen.name) == ("column", "number")
    assert f"collate {COLLATIONS[twins.vendor]}".lower() in seen.right.lower()


def test_b6_order_and_condition_of_an_index_count(twins):
    """A plain index on one side, one in descending order or with a condition on the other."""
    operate("left", index(fields=["number"]))
    operate("right", index(fields=["-number"]))
    assert {each.kind for each in found()} == {"index"}


def test_b6_a_partial_index_is_not_a_whole_one(twins):
    """Where the vendor has them; elsewhere Django makes whole ones."""
    operate("left", index(fields=["number"]))
    operate("right", index(fields=["number"], condition=Q(number__gt="1")))
    has_them = connections["right"].features.supports_partial_indexes
    seen = found()
    assert [each.left is None for each in seen] == ([False, True] if has_them else [])
    assert all("where" in each.right.lower() for each in seen[1:])


def test_b6_comments_are_part_of_a_schema(twins):
    """On vendors that keep them."""
    operate("right", operations.AlterModelTableComment("call", "by phone"))
    keeps = connections["right"].features.supports_comments
    assert [each.kind for each in found()] == (["options"] if keeps else [])
    assert all("comment 'by phone'" in each.right for each in found())


def test_b6_names_and_the_order_of_columns_count_where_that_is_asked_for(twins):
    """Two ways to the same schema: columns added in another order, an index of another name."""
    first, second = (
        add(models.IntegerField(null=True), "a"),
        add(models.IntegerField(null=True), "b"),
    )
    operate("left", first, second, index(fields=["number"]))
    other = operations.AddIndex("call", models.Index(fields=["number"], name="other_index"))
    operate("right", second, first, other)
    assert len(fingerprints()) == 1
    assert found() == []
    assert len(fingerprints(exact=True)) == 2
    assert [each.kind for each in found(exact=True)] == ["order of columns", "index", "index"]


def test_b6_a_schema_is_read_in_a_few_statements(lab):
    """As many for sixty tables as for two, and all that Django's own introspection sees is there."""
    with lab.fleet({"default": {}}):
        with statements() as few:
            schema_of(connections["default"])
        lab.migrate("default")
        with statements() as many:
            schema = schema_of(connections["default"])
        assert len(many) == len(few) == {"sqlite": 1, "postgresql": 4, "mariadb": 6}[lab.vendor]
        assert len(schema.tables) > 50
        introspection = connections["default"].introspection
        with connections["default"].cursor() as cursor:
            assert {table.name for table in schema.tables} == set(introspection.table_names(cursor))
            for table in schema.tables:
                assert_as_django_sees(table, introspection, cursor)


def assert_as_django_sees(table, introspection, cursor):
    described = introspection.get_table_description(cursor, table.name)
    keys = {
        name for each in table.constraints if each.kind == "primary key" for name in each.columns
    }
    assert [(each.name, each.is_null or each.name in keys) for each in table.columns] == [
        (each.name, bool(each.null_ok) or each.name in keys) for each in described
    ]
    constraints = introspection.get_constraints(cursor, table.name).values()
    assert keys == {name for each in constraints if each["primary_key"] for name in each["columns"]}
    foreign = {(*each.columns, each.target) for each in table.constraints if each.target}
    assert foreign == {
        (*each["columns"], each["foreign_key"][0]) for each in constraints if each["foreign_key"]
    }
    unique = {each.columns for each in table.constraints if each.kind == "unique"}
    unique |= {each.columns for each in table.indexes if each.is_unique}
    assert unique - {()} == {
        tuple(each["columns"])
        for each in constraints
        if each["unique"] and not each["primary_key"] and None not in each["columns"]
    }
    checks = sum(bool(each["check"]) for each in constraints)
    assert sum(each.kind == "check" for each in table.constraints) == checks


def test_b6_every_part_of_a_schema_of_postgresql(lab_on):
    """Operator classes, INCLUDE, NOT VALID, an index that was never finished, exclusion, unlogged tables."""
    lab = lab_on("postgresql")
    with lab.fleet({"left": {}, "right": {}, "default": None}):
        for alias in ("left", "right"):
            run_sql(
                alias,
                "CREATE TABLE t (a int, b text, c int4range)",
                "INSERT INTO t VALUES (1), (1)",
            )
        for number, (sql, said) in enumerate(
            {
                "CREATE INDEX i ON t (b text_pattern_ops)": "text_pattern_ops",
                "CREATE INDEX j ON t (a) INCLUDE (b)": "INCLUDE (b)",
                "ALTER TABLE t ADD CHECK (a > 5) NOT VALID": "NOT VALID",
                "ALTER TABLE t ADD EXCLUDE USING gist (c WITH &&)": "EXCLUDE USING gist",
                "ALTER TABLE t SET UNLOGGED": "unlogged",
                "ALTER TABLE t ADD d int GENERATED ALWAYS AS IDENTITY": "identity always",
            }.items(),
            start=1,
        ):
            run_sql("right", sql)
            assert len([each for each in found() if said in each.right]) == 1
            assert len(found()) == number
        with pytest.raises(IntegrityError, match="could not create unique index"):
            run_sql("right", "CREATE UNIQUE INDEX CONCURRENTLY k ON t (a)")
        assert [each for each in found() if "INVALID" in (each.right or "")]


def run_sql(alias, *todo):
    with connections[alias].cursor() as cursor:
        for each in todo:
            cursor.execute(each)


def test_b6_databases_of_two_vendors_are_compared_by_what_they_share(lab_on):
    """The tables of some apps are the same on three vendors, and a change on one is seen."""
    layout = {vendor: {"on": lab_on(vendor)} for vendor in ("postgresql", "mariadb")}
    wanted = [
        model
        for label in ("contenttypes", "auth", "shop", "crm", "trade")
        for model in apps.get_app_config(label).get_models()
        if not model._meta.proxy
    ]
    with lab_on("sqlite").fleet({"default": {}, **layout}) as lab:
        lab.create_tables(*wanted)
        schemas = {alias: schema_of(connections[alias]) for alias in ("default", *layout)}
        assert all(len(schema.tables) > len(wanted) for schema in schemas.values())
        for left, right in itertools.combinations(schemas, 2):
            assert differences(schemas[left], schemas[right]) == []
            assert fingerprint(connections[left]) != fingerprint(connections[right])
        operate("mariadb", constraint(models.UniqueConstraint(fields=["number"], name="u")))
        (seen,) = differences(schemas["default"], schema_of(connections["mariadb"]))
        assert (seen.table, seen.left, seen.right) == ("crm_call", None, "unique (number)")


def test_b6_fleet_diff_prints_each_difference(twins):
    """For people and for machines; the exit status says whether there is one."""
    assert run("fleet", "diff", "left", "right") == "left and right are equal.\n"
    operate("right", add(models.IntegerField(null=True)))
    with pytest.raises(CommandError, match="1 difference between 'left' and 'right'"):
        run("fleet", "diff", "left", "right")
    (pair,), error = fleet_json("diff", "left", "right")
    assert error is not None
    (seen,) = pair.pop("differences")
    assert pair == {"left": "left", "right": "right", "is_everything_compared": True}
    assert (seen["table"], seen["kind"], seen["name"], seen["left"]) == (
        *("crm_call", "column", EXTRA),
        None,
    )
    assert seen["right"].startswith("int")
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("fleet", "diff", "right", "left", stdout=out)
    head, line = out.getvalue().splitlines()
    assert head.split() == ["table", "what", "right", "left"]
    assert line.split()[:3] == ["crm_call", "column", EXTRA]
    assert line.endswith("missing")


def test_b6_fleet_diff_of_some_tables_and_of_names(twins):
    """Patterns choose tables; names of indexes count where that is asked for."""
    operate("left", index(fields=["number"]))
    operate("right", operations.AddIndex("call", models.Index(fields=["number"], name="other")))
    assert fleet_json("diff", "left", "right")[1] is None
    (pair,), error = fleet_json("diff", "left", "right", "--exact")
    assert "2 differences" in error
    assert {each["name"] for each in pair["differences"]} == {"extra_index", "other"}
    assert fleet_json("diff", "left", "right", "--exact", "--tables", "crm_cust*")[1] is None
    with pytest.raises(CommandError, match=r"have no table of 'nope_\*'"):
        run("fleet", "diff", "left", "right", "--tables", "nope_*")


def test_b6_fleet_diff_of_more_than_two_databases(lab):
    """Each is compared with the first; one alone, and one that is not there, are refused."""
    with lab.fleet({"default": {}, "second": {}, "third": {}}):
        lab.create_tables(Customer, Call)
        operate("third", add(models.IntegerField(null=True)))
        pairs, error = fleet_json("diff", "default", "second", "third")
        assert [(pair["right"], len(pair["differences"])) for pair in pairs] == [
            ("second", 0),
            ("third", 1),
        ]
        assert error == "1 difference between 'default' and 'third'."
        with pytest.raises(CommandError, match="Name a second database"):
            run("fleet", "diff", "default", "default")
        with pytest.raises(CommandError, match="'nowhere' doesn't exist: manage"):
            run("fleet", "diff", "default", "nowhere")


def test_b6_fleet_diff_names_a_database_that_is_down(lab):
    """Nothing is said to be equal."""
    entries = lab.entries({"default": {}, "other": {}})
    entries["other"] = unreachable(entries["other"])
    with (
        lab.project(entries, FLEET={}),
        pytest.raises(CommandError, match="'other' cannot be comp"),
    ):
        run("fleet", "diff", "default", "other")


def test_b6_a_replica_is_equal_to_its_primary(lab):
    """Reading a schema writes nothing."""
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        lab.create_tables(Customer, Call)
        assert fleet_json("diff", "default", "replica", "--exact")[1] is None


def test_b6_fleet_diff_says_what_two_vendors_are_compared_by(lab_on):
    """Not everything; the rest is not passed over in silence."""
    layout = {"default": {}, "other": {"on": lab_on("postgresql")}}
    with lab_on("sqlite").fleet(layout) as lab:
        lab.create_tables(Customer, Call)
        assert "are of two vendors: compared are tables" in run("fleet", "diff", "default", "other")
        assert fleet_json("diff", "default", "other")[0][0]["is_everything_compared"] is False
