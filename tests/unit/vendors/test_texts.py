"""How vendors compare texts, as far as it is known without a connection."""

import pytest

from django_fleet.vendors.base import Vendor
from django_fleet.vendors.mysql import MySQL
from django_fleet.vendors.postgresql import PostgreSQL
from django_fleet.vendors.sqlite import SQLite
from django_fleet.vendors.texts import BYTES


@pytest.mark.parametrize(
    ("vendor", "collation", "equal_by_bytes", "sorted_by_bytes"),
    [
        (SQLite(), None, True, True),
        (SQLite(), "binary", True, True),
        (SQLite(), "NOCASE", False, False),
        (PostgreSQL(), None, True, False),
        (PostgreSQL(), "C", True, True),
        (PostgreSQL(), "case_insensitive", False, False),
        (MySQL(), None, False, False),
        (MySQL(), "utf8mb4_bin", False, False),
        (MySQL(), "utf8mb4_nopad_bin", True, True),
        (MySQL(), "utf8mb4_0900_bin", True, True),
        (Vendor(), None, False, False),
    ],
)
def test_rules_of_a_column(vendor, collation, equal_by_bytes, sorted_by_bytes):
    """Where it is not sure that bytes decide, they do not."""
    rules = vendor.texts(collation)
    assert (rules.equality == BYTES, rules.order == BYTES) == (equal_by_bytes, sorted_by_bytes)
