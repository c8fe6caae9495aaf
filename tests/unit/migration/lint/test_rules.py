"""Each rule of ``fleet lint``, with an operation that it is about and one that it leaves alone.

Types and features come from connections that nobody opens; SQLite's is in memory.
"""

import random
import re
import uuid
from pathlib import Path

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Lower, Now, Random
from django.db.utils import ConnectionHandler

from django_fleet.migration.lint.rule import Server
from django_fleet.migration.lint.rules import IDS, RULES, hits
from django_fleet.migration.lint.step import steps_of
from django_fleet.vendors import vendor_of

VENDORS = ("sqlite", "postgresql", "mysql")
POSTGRESQL, NOT_SQLITE = ("postgresql",), ("postgresql", "mysql")


def server(vendor):
    """A vendor's answers, without a server: what Django would ask one for is given."""
    engine = {"sqlite": "sqlite3"}.get(vendor, vendor)
    entry = {"ENGINE": f"django.db.backends.{engine}", "NAME": ":memory:"}
    connection = ConnectionHandler({"default": entry})["default"]
    if vendor == "mysql":
        vars(connection)["mysql_is_mariadb"] = True
        vars(connection)["mysql_version"] = (10, 11, 0)
        vars(connection)["mysql_server_data"] = {"version": "10.11.0-MariaDB", "sql_mode": ""}
    alterations = vendor_of(connection).alterations
    return Server(vendor, connection, alterations, undoes_schema_changes=vendor != "mysql")


def project_state():
    """A book with an author."""
    state = ProjectState()
    key = ("id", models.BigAutoField(primary_key=True))
    author = [key, ("name", models.CharField(max_length=100))]
    book = [
        key,
        ("title", models.CharField(max_length=100)),
        ("price", models.DecimalField(max_digits=6, decimal_places=2, null=True)),
        ("pages", models.IntegerField(null=True)),
        ("writer", models.ForeignKey("shop.Author", models.CASCADE, db_constraint=False)),
        ("tags", models.ManyToManyField("shop.Author", related_name="+")),
    ]
    checks = {"constraints": [models.CheckConstraint(condition=models.Q(pages__gt=0), name="old")]}
    state.add_model(ModelState("shop", "Author", author))
    state.add_model(ModelState("shop", "Book", book, checks))
    return state


def judged(vendor, *operations, **attributes):
    """Rule -> (weight, tables) for what a migration of these operations is found to do."""
    body = {"operations": list(operations), **attributes}
    migration = type("Migration", (migrations.Migration,), body)("0002_more", "shop")
    found = {}
    for step in steps_of(("shop", "0002_more"), migration, project_state()):
        for rule, hit in hits(step, server(vendor)):
            assert hit.what
            assert hit.remedy
            found[rule.id] = hit
    return found


def add(field, name="extra"):
    return migrations.AddField("book", name, field)


def alter(name, field):
    return migrations.AlterField("book", name, field)


def constraint(each):
    return migrations.AddConstraint("book", each)


def state_only(operation):
    return migrations.SeparateDatabaseAndState(state_operations=[operation])


def nothing(apps, schema_editor):
    """Code of a data migration."""


INDEX = models.Index(fields=["title"], name="by_title")
UNIQUE = models.UniqueConstraint(fields=["title"], name="one_title")
CHECK = models.CheckConstraint(condition=models.Q(pages__gt=1), name="long")
TITLE = models.CharField(max_length=100)
STORED = models.GeneratedField(expression=Lower("title"), output_field=TITLE, db_persist=True)


class AddIndexConcurrently(migrations.AddIndex):
    """By its name the operation of ``django.contrib.postgres``, which needs a driver."""


class AddConstraintNotValid(migrations.AddConstraint):
    """As above."""


class Custom(migrations.operations.base.Operation):
    """Somebody's own."""

    def state_forwards(self, app_label, state):
        pass


FOUND = [
    # -- the running release
    ("L001", add(models.IntegerField(default=0)), VENDORS),
    ("L001", migrations.AlterOrderWithRespectTo("book", "writer"), VENDORS),
    ("L002", migrations.RenameField("book", "pages", "sheets"), VENDORS),
    ("L002", alter("pages", models.IntegerField(null=True, db_column="sheets")), VENDORS),
    ("L003", migrations.RenameModel("Book", "Volume"), VENDORS),
    ("L003", migrations.AlterModelTable("book", "volumes"), VENDORS),
    ("L003", migrations.RenameField("book", "tags", "labels"), VENDORS),
    ("L004", migrations.RemoveField("book", "pages"), VENDORS),
    ("L004", migrations.RemoveField("book", "tags"), VENDORS),
    ("L005", migrations.DeleteModel("Book"), VENDORS),
    ("L006", alter("pages", models.IntegerField(default=1)), VENDORS),
    ("L007", state_only(migrations.RemoveField("book", "title")), VENDORS),
    # -- big tables
    ("L101", alter("title", models.TextField()), ("mysql",)),
    ("L101", alter("title", models.CharField(max_length=50)), NOT_SQLITE),
    ("L101", alter("pages", models.BigIntegerField(null=True)), NOT_SQLITE),
    ("L101", alter("title", models.CharField(max_length=100, db_collation="C")), NOT_SQLITE),
    ("L102", migrations.AddIndex("book", INDEX), POSTGRESQL),
    ("L102", add(models.IntegerField(null=True, db_index=True)), POSTGRESQL),
    ("L102", alter("pages", models.IntegerField(null=True, db_index=True)), POSTGRESQL),
    ("L102", add(models.ForeignKey("shop.Author", models.CASCADE, null=True)), POSTGRESQL),
    ("L103", constraint(CHECK), NOT_SQLITE),
    ("L103", add(models.PositiveIntegerField(null=True)), NOT_SQLITE),
    ("L104", add(models.ForeignKey("shop.Author", models.CASCADE, null=True)), NOT_SQLITE),
    ("L104", alter("writer", models.ForeignKey("shop.Author", models.CASCADE)), NOT_SQLITE),
    ("L105", constraint(UNIQUE), VENDORS),
    ("L105", add(models.IntegerField(null=True, unique=True)), VENDORS),
    ("L105", alter("title", models.CharField(max_length=100, unique=True)), VENDORS),
    ("L105", migrations.AlterUniqueTogether("book", {("title", "pages")}), VENDORS),
    ("L106", add(models.FloatField(db_default=Random())), NOT_SQLITE),
    ("L107", add(models.UUIDField(default=uuid.uuid4)), VENDORS),
    ("L107", add(models.FloatField(default=random.random, null=True)), VENDORS),
    ("L108", add(STORED), NOT_SQLITE),
    ("L109", add(models.IntegerField(default=0)), ("sqlite",)),
    ("L109", add(models.IntegerField(null=True, unique=True)), ("sqlite",)),
    ("L109", add(models.DateTimeField(db_default=Now())), ("sqlite",)),
    ("L109", add(STORED), ("sqlite",)),
    ("L109", alter("title", models.CharField(max_length=50)), ("sqlite",)),
    ("L109", migrations.RemoveField("book", "pages"), ("sqlite",)),
    ("L109", constraint(CHECK), ("sqlite",)),
    ("L109", constraint(UNIQUE), ("sqlite",)),
    ("L109", migrations.RemoveConstraint("book", "old"), ("sqlite",)),
    # -- how it runs
    ("L203", migrations.RunSQL("SELECT 1"), VENDORS),
    ("L203", Custom(), VENDORS),
]
LEFT_ALONE = [
    ("L001", add(models.IntegerField(null=True))),
    ("L001", add(models.IntegerField(db_default=0))),
    ("L001", add(models.ManyToManyField("shop.Author", related_name="+"))),
    ("L001", add(STORED)),
    ("L001", migrations.AlterOrderWithRespectTo("book", None)),
    ("L002", migrations.RenameField("book", "tags", "labels")),
    ("L002", alter("pages", models.BigIntegerField(null=True))),
    ("L003", migrations.AlterModelTable("book", "shop_book")),
    ("L004", alter("pages", models.IntegerField())),
    ("L005", migrations.CreateModel("Shelf", [("id", models.AutoField(primary_key=True))])),
    ("L006", alter("pages", models.BigIntegerField(null=True))),
    ("L007", state_only(migrations.RemoveField("book", "pages"))),
    ("L007", state_only(migrations.RemoveField("book", "tags"))),
    ("L007", migrations.RemoveField("book", "title")),
    ("L101", alter("pages", models.IntegerField(null=True, help_text="how many"))),
    ("L101", alter("title", models.CharField(max_length=200))),
    ("L102", AddIndexConcurrently("book", INDEX)),
    ("L102", alter("writer", models.ForeignKey("shop.Author", models.CASCADE))),
    ("L103", AddConstraintNotValid("book", CHECK)),
    ("L103", constraint(UNIQUE)),
    ("L103", add(models.IntegerField(null=True))),
    ("L104", add(models.ForeignKey("shop.Author", models.CASCADE, null=True, db_constraint=False))),
    ("L104", add(models.IntegerField(null=True))),
    ("L105", constraint(CHECK)),
    ("L105", migrations.AlterUniqueTogether("book", set())),
    ("L105", alter("pages", models.IntegerField(null=True))),
    ("L106", add(models.DateTimeField(db_default=Now()))),
    ("L106", add(models.CharField(max_length=30, db_default="random"))),
    ("L107", add(models.JSONField(default=dict))),
    ("L107", add(models.IntegerField(default=5))),
    ("L108", add(models.IntegerField(null=True))),
    ("L109", add(models.IntegerField(null=True))),
    ("L109", add(models.IntegerField(db_default=0, null=True))),
    ("L109", migrations.AddIndex("book", INDEX)),
    ("L109", alter("pages", models.IntegerField(null=True, help_text="how many"))),
    ("L109", constraint(models.UniqueConstraint(Lower("title"), name="lower_title"))),
    ("L203", migrations.RunPython(nothing)),
]


def said(case):
    inner = getattr(case[1], "state_operations", None) or [case[1]]
    return f"{case[0]}-{inner[0].describe()}"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("case", FOUND, ids=said)
def test_a_rule_finds_what_it_is_about(case, vendor):
    """On the vendors where it matters, and on no other."""
    rule, operation, vendors = case
    found = judged(vendor, operation)
    assert (rule in found) == (vendor in vendors)
    if rule in found and rule != "L203":
        assert found[rule].tables[0].startswith("shop_book")


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("case", LEFT_ALONE, ids=said)
def test_a_rule_leaves_alone_what_it_is_not_about(case, vendor):
    """Its neighbours may have something to say."""
    rule, operation = case
    assert rule not in judged(vendor, operation)


def test_code_in_the_transaction_that_changes_tables():
    """Not by itself, not beside tables that are new, not where a transaction undoes nothing."""
    column, code = add(models.IntegerField(null=True)), migrations.RunPython(nothing)
    for vendor, is_found in (("postgresql", True), ("sqlite", True), ("mysql", False)):
        assert ("L201" in judged(vendor, column, code)) == is_found
        assert "L201" not in judged(vendor, code)
        assert "L201" not in judged(vendor, column, code, atomic=False)
        new = migrations.CreateModel("Shelf", [("id", models.AutoField(primary_key=True))])
        assert "L201" not in judged(vendor, new, code)


def test_several_changes_where_each_is_committed():
    """One by itself is whole; in a migration of new tables alone, they can be dropped by hand."""
    one, two = add(models.IntegerField(null=True), "a"), add(models.IntegerField(null=True), "b")
    assert judged("mysql", one, two)["L202"].weight == "note"
    assert "L202" not in judged("mysql", one)
    assert "L202" not in judged("mysql", one, migrations.RunPython(nothing))
    assert "L202" not in judged("postgresql", one, two)
    shelves = [
        migrations.CreateModel(name, [("id", models.AutoField(primary_key=True))])
        for name in ("Shelf", "Room")
    ]
    assert "L202" not in judged("mysql", *shelves)


def test_a_unique_column_with_one_default_for_all_is_a_danger():
    """It cannot be added at all where there are two rows; another is only surprising."""
    field = models.UUIDField(default=uuid.uuid4, unique=True)
    assert judged("sqlite", add(field))["L107"].weight == "danger"
    field = models.UUIDField(default=uuid.uuid4)
    assert judged("sqlite", add(field))["L107"].weight == "note"


def test_what_reaches_the_state_only_is_no_danger():
    """``SeparateDatabaseAndState`` is the safe form; its database operations are read."""
    remove = migrations.RemoveField("book", "pages")
    apart = migrations.SeparateDatabaseAndState
    assert judged("postgresql", apart(state_operations=[remove])) == {}
    dropped = migrations.RunSQL("ALTER TABLE shop_book DROP COLUMN title")
    forgotten = migrations.RemoveField("book", "title")
    assert set(judged("sqlite", apart([dropped], [forgotten]))) == {"L203"}
    assert set(judged("postgresql", apart(database_operations=[remove]))) == {"L004"}


def test_a_foreign_key_locks_its_parent_too():
    """So the bigger of the two tables counts."""
    field = models.ForeignKey("shop.Author", models.CASCADE, null=True)
    assert judged("postgresql", add(field))["L104"].tables == ("shop_book", "shop_author")


def test_ids_are_different_and_each_has_its_section():
    """The page names each rule with its id and title; it names no other."""
    page = (Path(__file__).parents[4] / "docs/reference/lint.md").read_text()
    documented = dict(re.findall(r"^\(lint-(l\d{3})\)=\n## L\d{3}: (.+)$", page, re.MULTILINE))
    assert {key.upper(): title for key, title in documented.items()} == {
        rule.id: rule.title for rule in RULES
    }
    assert len(IDS) == len(RULES)


def test_every_rule_is_tried():
    """Each in what it finds, and in what it leaves alone."""
    of_migrations = {"L201", "L202"}
    assert {rule for rule, *_ in FOUND} | of_migrations == IDS
    assert {rule for rule, _ in LEFT_ALONE} | of_migrations == IDS
