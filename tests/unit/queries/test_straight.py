"""The straight way of statements that may not cross."""

import pytest
from django.db import connections

from django_fleet.queries.straight import STRAIGHT, CrossingFoundError, break_off


def test_it_is_left_once(project):
    """Whoever is not on it goes on."""
    with project({"default": {}}):
        connection = connections["default"]
        break_off(connection)
        vars(connection)[STRAIGHT] = True
        with pytest.raises(CrossingFoundError):
            break_off(connection)
        break_off(connection)
        assert STRAIGHT not in vars(connection)
