"""Connections that are looked through once."""

import pytest
from django.db import connections

from django_fleet.migration.visit import visit


@pytest.fixture
def file(project, tmp_path):
    with project({"default": {"NAME": str(tmp_path / "default.sqlite3")}}):
        yield connections["default"]


def test_a_connection_that_was_closed_is_closed_again(file):
    """Also after an error."""
    with visit("default") as connection:
        connection.ensure_connection()
        assert connection is file
    assert file.connection is None
    with pytest.raises(ZeroDivisionError), visit("default") as connection:
        connection.ensure_connection()
        raise ZeroDivisionError
    assert file.connection is None


def test_a_connection_that_was_open_stays_open(file):
    """Somebody works with it."""
    file.ensure_connection()
    with visit("default"):
        pass
    assert file.connection is not None
    file.close()
