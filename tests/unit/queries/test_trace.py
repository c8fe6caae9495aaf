"""What a crossing query did, in numbers."""

from django_fleet.queries.trace import Trace


def test_rows_and_bytes_include_those_of_the_steps_below():
    """What was not measured counts for nothing."""
    inner = Trace("shop.Country", "crm")
    inner.add(kind="Scan", label="shop.Country", database="geo", reason="", rows=2, size=20)
    outer = Trace("shop.Book", "default")
    outer.add(kind="Scan", label="shop.Author", database="crm", reason="", rows=3, below=inner)
    outer.add(kind="Keys", label="shop.Book", database="default", reason="")
    assert (outer.rows, outer.size) == (5, 20)


def test_homes_are_the_other_databases():
    """Each once, in the order of asking."""
    trace = Trace("shop.Book", "default")
    for alias in ("geo", "default", "crm", "geo"):
        trace.add(kind="Scan", label="", database=alias, reason="")
    assert trace.homes == ("geo", "crm")
