"""What ``fleet.explain`` says of queries over several databases, before and after they ran."""

import json
from unittest import mock

import pytest
from django.db import connections, transaction
from django.db.models import Count

import django_fleet as fleet
from django_fleet.queries.engine import choice
from django_fleet.queries.tree import Node
from lab.fleets import statements
from lab.library.models import Author, Book, Tag
from lab.library.placement import tables

LAYOUT = {"default": {}, "crm": {}}
PLACEMENT = {"library.Author": "crm"}


@pytest.fixture
def library(lab):
    """Books on ``default``, their authors on ``crm``: twenty of each."""
    with lab.fleet(LAYOUT, PLACEMENT=PLACEMENT):
        lab.create_tables(*tables())
        fill(20)
        with transaction.atomic(using="crm"):  # else a server of the same kind would read it itself
            yield lab


def fill(number):
    Author.objects.bulk_create(
        Author(pk=each, name=f"a{each:05}", born=1900 + each % 50) for each in range(1, number + 1)
    )
    Book.objects.bulk_create(
        Book(pk=each, title=f"b{each}", author_id=each, price=1) for each in range(1, number + 1)
    )


def analyze(alias, *models):
    """Lets the server count its rows, so that its planner knows."""
    verb = {"postgresql": "ANALYZE {}", "mysql": "ANALYZE TABLE {}", "sqlite": "ANALYZE {}"}
    with connections[alias].cursor() as cursor:
        for model in models:
            cursor.execute(verb[connections[alias].vendor].format(model._meta.db_table))
            if cursor.description:
                cursor.fetchall()


def below(queryset, **options):
    """The nodes below the host."""
    plan = fleet.explain(queryset, **options).plan
    assert isinstance(plan, Node), plan
    assert (plan.kind, plan.label, plan.database) == ("Host", "library.Book", "default")
    return plan.below


def test_keys_that_travel(library):
    """A condition on a remote table: asked there, its keys are all that travels."""
    (node,) = below(Book.objects.filter(author__name="a00001"))
    assert (node.kind, node.label, node.database) == ("SemiJoin", "library.Author", "crm")
    assert "its keys travel; conditions select there what travels" in node.reason
    assert "= 'a00001'" in node.sql
    assert (node.rows, node.size, node.duration_ms) == (None, None, None)


def test_columns_that_are_only_shown(library):
    """``select_related``: by key, for the rows of the host."""
    (node,) = below(Book.objects.select_related("author"))
    assert (node.kind, node.database) == ("Lookup", "crm")
    assert "IN (/* keys of default */)" in node.sql


def test_a_table_that_the_statement_uses(library):
    """Grouped by a remote column: the rows themselves travel."""
    (node,) = below(Book.objects.values("author__name").annotate(n=Count("pk")).order_by())
    assert node.kind == "Scan"
    assert "nothing selects there: all its rows travel" in node.reason


def test_large_tables_that_the_engine_groups(library):
    """Without a run: what it would read and why, by estimates; no row is read, and none is counted."""
    pytest.importorskip("duckdb", reason="the extra engine is not installed")
    grouped = Book.objects.values("author__born").annotate(n=Count("pk")).order_by()
    with mock.patch.object(choice, "WORTH", 0):
        with statements() as sent:
            root = fleet.explain(grouped).plan
        done = fleet.explain(grouped, run=True).plan
    engine, *scans = root.below
    assert (root.sql, engine.kind, engine.rows) == ("", "Engine", None)
    assert "both sides are large" in engine.reason
    assert {(each.kind, each.reason) for each in scans} == {("Scan", "the engine reads it")}
    assert {each.label for each in scans} == {"library.Author", "library.Book"}
    assert all(each.rows is None and "SELECT" in each.sql for each in scans)
    asked = [sql for _, sql in sent if "library_" in sql]
    assert [sql for sql in asked if not sql.startswith("EXPLAIN")] == []
    assert [each.kind for each in done.below] == ["Engine", "Scan", "Scan"]


def test_the_engine_is_not_foreseen_where_it_is_off(lab):
    """The rows travel, and the host's statement is shown."""
    with lab.fleet(LAYOUT, PLACEMENT=PLACEMENT, ENGINE="off"):
        lab.create_tables(*tables())
        grouped = Book.objects.values("author__born").annotate(n=Count("pk")).order_by()
        with mock.patch.object(choice, "WORTH", 0):
            root = fleet.explain(grouped).plan
        assert "Engine" not in {each.kind for each in root.below}
        assert "library_book" in root.sql


def test_a_subquery_that_is_answered_elsewhere(library):
    """As a whole."""
    (node,) = below(Book.objects.filter(author_id__in=Author.objects.filter(born=1901)))
    assert (node.label, node.database) == ("library.Author", "crm")
    assert "answered there as a whole" in node.reason


def test_the_statement_of_the_host_shows_what_comes_from_elsewhere(library):
    """The place of remote rows is a comment that names them."""
    plan = fleet.explain(Book.objects.filter(author__name="x")).plan
    assert "(/* library.Author of crm */)" in plan.sql
    assert "fleet_shipment" not in plan.sql


def test_explaining_reads_no_row(library):
    """Servers are asked for estimates of their planners, and for nothing else."""
    querysets = (
        Book.objects.filter(author__name="a00001").select_related("author", "editor")[:5],
        Book.objects.order_by("author__name"),
        Book.objects.filter(author__in=Author.objects.filter(born__gt=0)),
        Book.objects.filter(price=1, author__born=1901).values("author__name"),
    )
    with statements() as sent:
        for queryset in querysets:
            fleet.explain(queryset)
    asked = [sql for _, sql in sent if "library_" in sql and "EXPLAIN" not in sql]
    assert asked == []


def test_estimates_are_those_of_the_server(library):
    """PostgreSQL and MariaDB know about how many rows come; SQLite keeps no such statistics."""
    analyze("crm", Author)
    (node,) = below(Book.objects.filter(author__born__gt=0))
    if library.vendor == "sqlite":
        assert node.estimated_rows is None
    else:
        assert 1 <= node.estimated_rows <= 25


def test_a_run_fills_in_what_travelled(library):
    """Rows, bytes and milliseconds of each node, and the rows of the answer."""
    queryset = Book.objects.filter(author__born__lte=1905).select_related("author")
    plan = fleet.explain(queryset, run=True).plan
    assert plan.rows == 5
    assert plan.duration_ms > 0
    semijoin, lookup = plan.below
    assert (semijoin.kind, semijoin.rows) == ("SemiJoin", 5)
    assert semijoin.size > 0
    assert semijoin.duration_ms > 0
    assert (lookup.kind, lookup.rows) == ("Lookup", 5)


def test_a_run_of_a_query_of_one_database(library):
    """It has a plan of one node; without a run there is none to tell."""
    queryset = Tag.objects.filter(name="x")
    assert fleet.explain(queryset).plan is None
    plan = fleet.explain(queryset, run=True).plan
    assert (plan.kind, plan.rows, plan.below) == ("Host", 0, ())


def test_keys_of_the_host_stand_below_what_they_are_sent_to(library):
    """A small side of the host against a large remote table."""
    fill_more = range(21, 3_021)
    Author.objects.bulk_create(Author(pk=each, name=f"a{each:05}") for each in fill_more)
    analyze("crm", Author)
    analyze("default", Book)
    queryset = Book.objects.filter(price=1).values("author__name").annotate(n=Count("pk"))
    node = below(queryset, run=True)[-1]
    (keys,) = node.below
    assert (keys.kind, keys.database, keys.rows) == ("Keys", "default", 20)
    assert (node.kind, node.rows) == ("Scan", 20)
    assert "keys that the host's side has select there what travels" in node.reason
    if library.vendor != "sqlite":
        foreseen = below(queryset)[-1]
        assert [each.kind for each in foreseen.below] == ["Keys"]
        assert "IN (/* keys of default */)" in foreseen.sql


def test_in_words_and_for_machines(library):
    """A drawing that names databases, reasons and rows; the same as JSON."""
    explained = fleet.explain(Book.objects.filter(author__name="a00001"), run=True)
    words = str(explained)
    assert "  plan\n    Host library.Book on default (" in words
    assert "    └── SemiJoin library.Author on crm (" in words
    assert "1 row, " in words
    found = json.loads(json.dumps(explained.as_dict()))["plan"]
    assert found["rows"] == 1
    assert found["below"][0]["kind"] == "SemiJoin"
    assert found["below"][0]["rows"] == 1
    assert found["below"][0]["bytes"] > 0


def test_a_query_that_can_match_nothing(library):
    """It asks nobody, and there is nothing to tell."""
    assert fleet.explain(Book.objects.filter(pk__in=[]).select_related("author")).plan is None
    assert list(Book.objects.filter(pk__in=[]).select_related("author")) == []


def test_the_text_of_a_query_is_readable(library):
    """``str(queryset.query)`` touches no database, and shows where rows will come from."""
    with statements() as sent:
        text = str(Book.objects.filter(author__name="x").query)
    assert "/* library.Author of crm */" in text
    assert sent == []


def test_the_plan_of_the_host_s_own_server(library):
    """``queryset.explain()`` is Django's: the server explains the statement with the rows in it."""
    for queryset in (
        Book.objects.filter(author__name="a00001"),
        Book.objects.select_related("author").order_by("author__name"),
    ):
        text = queryset.explain()
        assert isinstance(text, str)
        assert text
    assert Book.objects.filter(author__name="a00001").get().pk == 1


def test_a_database_that_the_host_reads_itself(lab):
    """Nothing travels between databases of one MariaDB server, or between files of SQLite."""
    with lab.fleet(LAYOUT, PLACEMENT=PLACEMENT):
        lab.create_tables(*tables())
        fill(3)
        queryset = Book.objects.filter(author__name="a00001")
        for plan in (fleet.explain(queryset).plan, fleet.explain(queryset, run=True).plan):
            (node,) = plan.below
            assert node.kind == ("SemiJoin" if lab.vendor == "postgresql" else "Neighbour")
            assert ("nothing travels" in node.reason) == (lab.vendor != "postgresql")
            assert "'a00001'" in node.sql


def test_a_model_cannot_be_run(library):
    """Only a queryset can."""
    with pytest.raises(TypeError, match="needs a queryset"):
        fleet.explain(Book, run=True)
