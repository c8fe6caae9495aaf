"""How vendors compare texts, as far as it is known without a connection."""

import pytest

from django_fleet.vendors.base import Vendor
from django_fleet.vendors.mysql import MySQL
from django_fleet.vendors.postgresql import PostgreSQL, _default
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


LIBC = {"encoding": 6, "datcollate": "de_DE.UTF-8", "datctype": "de_DE.UTF-8"}


@pytest.mark.parametrize(
    ("facts", "by_bytes"),
    [
        ({**LIBC, "datcollate": "C", "datctype": "C"}, True),
        ({**LIBC, "datcollate": "C", "datctype": "C", "encoding": 8}, False),
        (LIBC, False),
        ({**LIBC, "datlocprovider": "c", "datcollversion": "2.36"}, False),
        ({**LIBC, "datlocprovider": "i", "daticulocale": "de", "datcollate": "C"}, False),
        ({**LIBC, "datlocprovider": "b", "datlocale": "C.UTF-8"}, True),
    ],
)
def test_rules_of_a_postgresql_database(facts, by_bytes):
    """Its row in the catalog grew with the versions; LATIN1 does not sort as UTF-8 does."""
    rules = _default(facts)
    assert (rules.equality, rules.order == BYTES) == (BYTES, by_bytes)


def test_another_version_of_a_locale_is_another_order():
    """The C library has changed it before."""
    versions = [{**LIBC, "datcollversion": each} for each in ("2.27", "2.28", "2.28")]
    old, new, same = map(_default, versions)
    assert (old == new, new == same) == (False, True)


def test_plain_c_is_one_set_of_rules():
    """Whether a column or its database says so."""
    assert _default({**LIBC, "datcollate": "C", "datctype": "C"}) == PostgreSQL().texts("C")


def test_a_binary_collation_of_the_database_goes_before_the_order_of_bytes():
    """MariaDB pads with blanks for utf8mb4_bin."""
    vendor = MySQL()
    names = ("utf8mb4_bin", "utf8mb4_nopad_bin", "utf8mb4_general_ci")
    found = [vendor.sorts_foreign_by_bytes(vendor.texts(name)) for name in names]
    assert found == [False, True, True]
