"""Whatever a field can hold arrives as it left, on every vendor that can hold it; else it is refused."""

import datetime as dt
from functools import partial

import pytest
from django.db import models
from django.test.utils import isolate_apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_fleet.errors import FederationNotSupportedError
from lab.cargo import between, column, fetch, keys, model, quoted, read, ship

VENDORS = ("postgresql", "mariadb", "sqlite")
FIRST, LAST = dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
# PostgreSQL reads a larger whole number of JSON as an integer, of the digits that were written.
FLOATS_IN_JSON = st.floats(-(10.0**15), 10.0**15)
LEAVES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | FLOATS_IN_JSON | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
).filter(lambda value: value is not None)
FIELDS = {
    "text": (models.TextField(), TEXTS),
    "integer": (models.BigIntegerField(), st.integers(-(2**63), 2**63 - 1)),
    "decimal": (
        models.DecimalField(max_digits=15, decimal_places=5),
        st.decimals(
            allow_nan=False,
            allow_infinity=False,
            places=5,
            min_value=-(10**10) + 1,
            max_value=10**10 - 1,
        ),
    ),
    "float": (models.FloatField(), st.floats(allow_nan=False, allow_infinity=False)),
    "datetime": (
        models.DateTimeField(),
        st.builds(FIRST.__add__, st.timedeltas(DAY, LAST - FIRST)),
    ),
    "duration": (
        models.DurationField(),
        st.timedeltas(dt.timedelta(-(10**6)), dt.timedelta(10**6)),
    ),
    "binary": (models.BinaryField(), st.binary(max_size=300)),
    "uuid": (models.UUIDField(), st.uuids()),
    "json": (models.JSONField(), JSON),
}


@pytest.fixture(params=VENDORS)
def host(request, lab_on):
    """A fleet whose host is on each vendor in turn; what is shipped was read from another vendor."""
    home = "sqlite" if request.param != "sqlite" else "mariadb"
    with between(lab_on, home, request.param):
        yield request.param


@pytest.mark.parametrize("name", FIELDS)
def test_what_arrives_is_what_left(host, name):
    """As a row, and as a key that finds that row and no other value's."""
    plain, strategy = FIELDS[name]
    with isolate_apps("lab.shop"):
        made = model("Anything", value=plain.clone())
    field = made._meta.get_field("value")
    carried = partial(ship, "host", [column(field)], source="home")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(strategy | st.none(), min_size=1, max_size=20))
    def check(values):
        rows = [(value,) for value in values]
        try:
            cargo = carried(rows)
        except FederationNotSupportedError:
            assert host == "postgresql"
            assert "\0" in "".join(characters(values))
            return
        arrived = read("host", made, [field], cargo)
        assert [(plain_value(value),) for (value,) in arrived] == rows
        known = [value for value in values if value is not None][:1]
        chosen = keys("host", f"s.{quoted('host', 'value')}", column(field), known, source="home")
        sql = f"SELECT count(*) FROM {cargo.sql} s WHERE {chosen.sql}"
        times = values.count(known[0]) if known else 0
        assert fetch("host", sql, cargo.params + chosen.params) == [(times,)]

    check()


def plain_value(value):
    return bytes(value) if isinstance(value, memoryview) else value


def characters(value):
    """Every text inside of ``value``."""
    if isinstance(value, str):
        yield value
    for inner in (
        [*value, *value.values()]
        if isinstance(value, dict)
        else value
        if isinstance(value, list)
        else ()
    ):
        yield from characters(inner)
