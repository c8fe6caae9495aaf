"""The plan as a drawing and as values."""

import pytest

from django_fleet.queries.trace import Trace
from django_fleet.queries.tree import Node, nodes_of, with_estimates, written


@pytest.fixture(autouse=True)
def pair(project):
    """Two databases that have an engine to be named."""
    with project({"default": {}, "crm": {}}):
        yield


def trace_of(*kinds):
    trace = Trace("shop.Book", "default")
    for kind in kinds:
        trace.add(kind=kind, label="shop.Author", database="crm", reason="why", sql="SELECT 1")
    return trace


def test_the_drawing():
    """A line for the node, one for its figures, one for its statement, and what is below."""
    leaf = Node("Keys", "shop.Book", "default", "small", "SELECT 2", rows=1)
    inner = Node("Scan", "shop.Author", "crm", "used", "SELECT 1", 1_200, 3, 1, 0.25, (leaf,))
    root = Node("Host", "shop.Book", "default", "here", "SELECT 0", below=(inner, leaf))
    assert str(root).splitlines() == [
        "Host shop.Book on default (sqlite3): here",
        "│   SELECT 0",
        "├── Scan shop.Author on crm (sqlite3): used",
        "│   │   about 1,200 rows expected, 3 rows, 1 byte, 0.2 ms",
        "│   │   SELECT 1",
        "│   └── Keys shop.Book on default (sqlite3): small",
        "│           1 row",
        "│           SELECT 2",
        "└── Keys shop.Book on default (sqlite3): small",
        "        1 row",
        "        SELECT 2",
    ]


def test_for_machines():
    """Units stand in the names of the fields."""
    node = Node("Scan", "shop.Author", "crm", "used", "SELECT 1", 5, 3, 10, 1.5)
    assert node.as_dict() == {
        "kind": "Scan",
        "model": "shop.Author",
        "database": "crm",
        "reason": "used",
        "sql": "SELECT 1",
        "estimated_rows": 5,
        "rows": 3,
        "bytes": 10,
        "ms": 1.5,
        "below": [],
    }


def test_keys_stand_below_the_step_that_they_are_sent_to():
    """Those that were sent nowhere stand for themselves."""
    nodes = nodes_of(trace_of("Lookup", "Keys", "Scan", "Keys"))
    assert [(node.kind, [each.kind for each in node.below]) for node in nodes] == [
        ("Lookup", []),
        ("Scan", ["Keys"]),
        ("Keys", []),
    ]


def test_what_moved_the_statement_is_no_node():
    """The root says it."""
    assert [node.kind for node in nodes_of(trace_of("Host", "Scan"))] == ["Scan"]


def test_what_a_step_needed_itself_stands_below_it():
    """A crossing inside a crossing."""
    trace = trace_of("Scan")
    trace.steps[0].below = trace_of("SemiJoin")
    (node,) = nodes_of(trace)
    assert [each.kind for each in node.below] == ["SemiJoin"]


def test_estimates_are_taken_over_from_the_plan_before_the_run():
    """Node by node; those of the run itself win."""
    before = (
        Node("Scan", "a", "crm", "", "", 5),
        Node("Scan", "a", "crm", "", "", 6),
        Node("Keys", "a", "crm", "", "", 7),
    )
    done = (Node("Scan", "a", "crm", "", "", None, 1), Node("Scan", "a", "crm", "", "", 2, 1))
    assert [node.estimated_rows for node in with_estimates(done, before)] == [5, 2]


@pytest.mark.parametrize(
    ("sql", "params", "expected"),
    [
        ("", (), ""),
        ("SELECT 1 WHERE a LIKE 'x%%'", (), "SELECT 1 WHERE a LIKE 'x%'"),
        ("a = %s AND b = %s", ("it's", 5), "a = 'it''s' AND b = 5"),
        ("a = %s, %s, %s", (None, True, b"abc"), "a = NULL, 'True', /* 3 bytes */"),
        ("a = %s", ("x" * 70,), f"a = '{'x' * 60}…' /* 70 characters */"),
        ("a IN (1, 2, 3)", (), "a IN (1, 2, 3)"),
        (
            "a IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) AND b",
            (),
            "a IN (1, 2, 3, /* 11 keys */) AND b",
        ),
        ("(SELECT %s AS fleet_shipment) b", ("x",), "(SELECT 'x' AS fleet_shipment) b"),
        ("(SELECT /* shop.A of b */ AS fleet_shipment) b", (), "(/* shop.A of b */) b"),
    ],
)
def test_a_statement_for_reading(sql, params, expected):
    """Values stand in it; long ones, and long lists of keys, are cut."""
    assert written(sql, params) == expected
