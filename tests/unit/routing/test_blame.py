"""The alias in the words of a driver's error."""

from types import SimpleNamespace

import pytest

from django_fleet.routing.blame import name_the_database
from django_fleet.routing.running import running


class OperationalError(Exception):
    """A driver's error."""


class DataError(Exception):
    """A driver's error about something else."""


CONNECTION = SimpleNamespace(
    alias="other", Database=SimpleNamespace(OperationalError=OperationalError)
)


def blamed(error):
    name_the_database(running(), CONNECTION, error)
    return error.args


@pytest.fixture
def pair(project):
    """Two databases."""
    with project({"default": {}, "other": {}}):
        yield


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("gone",), ("gone [database 'other']",)),
        (("gone\n",), ("gone [database 'other']",)),
        ((2006, "gone away"), (2006, "gone away [database 'other']")),
        (("gone [database 'other']",), ("gone [database 'other']",)),
        ((), ()),
        ((2006,), (2006,)),
    ],
)
def test_the_last_text_names_the_database(args, expected):
    """Once, after the driver's words; numbers stay numbers."""
    assert blamed(OperationalError(*args)) == expected


@pytest.mark.usefixtures("pair")
def test_other_errors_keep_their_words():
    """They are about the statement, not about the server."""
    assert blamed(DataError("too long")) == ("too long",)
    name_the_database(running(), CONNECTION, None)


def test_a_project_with_one_database_knows_which_it_was(project):
    """The words stay the driver's."""
    with project({"default": {}}):
        assert blamed(OperationalError("gone")) == ("gone",)
