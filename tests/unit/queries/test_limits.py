"""What one query may carry."""

import pytest

import django_fleet as fleet
from django_fleet.errors import FederationLimitError
from django_fleet.queries.limits import Allowance, allowance
from django_fleet.routing.running import running


def test_it_is_used_up():
    """The last row and byte may travel; the error says what to set."""
    left = Allowance("default", 10, 100, 10, 100)
    left.take(4, 60, relation="shop.Book.author", home="crm")
    left.take(6, 40, relation="shop.Book.author", home="crm")
    assert (left.rows, left.size) == (0, 0)
    with pytest.raises(FederationLimitError, match="MAX_SHIPPED_ROWS"):
        left.take(1, 0, relation="shop.Book.author", home="crm")


def test_bytes_count_too():
    """A few rows may be large."""
    with pytest.raises(FederationLimitError, match="MAX_SHIPPED_BYTES") as caught:
        Allowance("default", 9, 9, 9, 9).take(1, 10, relation="shop.Book.author", home="crm")
    assert "shop.Book.author" in str(caught.value)


def test_a_block_goes_before_the_settings(project):
    """What the block does not say stays as it is."""
    with project({"default": {}}, FLEET={"MAX_SHIPPED_ROWS": 5, "MAX_SHIPPED_BYTES": 6}):
        usual = allowance(running(), "default")
        with fleet.limits(rows=70):
            inside = allowance(running(), "default")
    assert (usual.rows, usual.size, usual.max_rows, usual.max_size) == (5, 6, 5, 6)
    assert (inside.rows, inside.size, inside.host) == (70, 6, "default")
