"""Fingerprints of schemas that were made by hand."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.db import NotSupportedError

from django_fleet.migration.schema.fingerprint import fingerprint_of, schema_of
from django_fleet.vendors.catalog.schema import Column, Constraint, Index, Schema, Table

ID = Column("id", "integer", False, None, "", "autoincrement")
NAME = Column("name", "text", True, None, "", "")
TABLE = Table(
    "t",
    (ID, NAME),
    (Index("one", ("name",), False, "(name)"), Index("two", ("id",), False, "(id)")),
    (Constraint("key", "primary key", ("id",), "primary key (id)"),),
)
SCHEMA = Schema("sqlite", (TABLE,))
OTHER_WAY = Schema(
    "sqlite",
    (
        replace(
            TABLE,
            columns=(NAME, ID),
            indexes=(replace(TABLE.indexes[1], name="a"), replace(TABLE.indexes[0], name="z")),
            constraints=(replace(TABLE.constraints[0], name=""),),
        ),
    ),
)


def test_two_ways_to_one_schema_have_one_fingerprint():
    """Names of indexes and constraints and the order of columns count for the exact one only."""
    assert fingerprint_of(SCHEMA) == fingerprint_of(OTHER_WAY)
    assert fingerprint_of(SCHEMA, exact=True) != fingerprint_of(OTHER_WAY, exact=True)
    assert fingerprint_of(SCHEMA, exact=True).digest != fingerprint_of(OTHER_WAY, exact=True).digest


@pytest.mark.parametrize("exact", [False, True])
def test_two_equal_indexes_are_not_one(exact):
    """The second one costs writes, too."""
    twice = replace(TABLE, indexes=(*TABLE.indexes, replace(TABLE.indexes[0], name="three")))
    one, other = (
        fingerprint_of(Schema("sqlite", (table,)), exact=exact) for table in (TABLE, twice)
    )
    assert one.digest != other.digest


def test_a_digest_is_the_same_in_every_process():
    """Whatever the seed of Python's own hash."""
    code = (
        "from django_fleet.migration.schema.fingerprint import fingerprint_of\n"
        "from django_fleet.vendors.catalog.schema import Schema, Table\n"
        "print(fingerprint_of(Schema('sqlite', (Table('t', (), (), ()),))).digest)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {fingerprint_of(Schema("sqlite", (Table("t", (), (), ()),))).digest}


def test_an_engine_that_we_do_not_know_is_refused():
    """By the alias, with the engine's name."""
    with pytest.raises(NotSupportedError, match=r"'big' cannot be read.*\(oracle\)"):
        schema_of(SimpleNamespace(vendor="oracle", alias="big"))
