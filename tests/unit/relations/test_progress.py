"""How far a search has come, in a file; no database is asked."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import models

from django_fleet.errors import SearchStateError
from django_fleet.relations.boundaries import crossing_relations
from django_fleet.relations.mending import Outcome
from django_fleet.relations.orphans import Search
from django_fleet.relations.progress import (
    Progress,
    Tally,
    begun,
    key_as_text,
    key_from_text,
    resumed,
)
from lab.family.apart import AWAY


@pytest.fixture
def searches(project):
    """Those of the family, whose parents are away."""
    with project({"default": {}, "parents": {}}, FLEET={"PLACEMENT": AWAY}):
        yield [Search(each) for each in crossing_relations()]


def test_it_begins_with_everything_to_do(searches):
    """In the order of the relations, and with nothing left."""
    progress = begun(searches, "report")
    assert progress.queue == [search.name for search in searches]
    assert (progress.after, progress.left) == (None, 0)


def test_what_was_saved_is_read_again(searches, tmp_path):
    """Equal in every part; a file in the place of another one."""
    path = tmp_path / "state.json"
    for after in ("a", "é\\'\n"):
        tallies = {"x": Tally(3, 2, 1, ["4"])}
        progress = Progress("delete", [searches[1].name], after, tallies)
        progress.save(path)
        assert resumed(path, searches, "delete") == progress
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_without_a_file_it_begins(searches, tmp_path):
    """So that a supervisor may always say ``--resume``."""
    assert resumed(tmp_path / "none", searches, "null") == begun(searches, "null")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": 2}, "has version 2"),
        ({"queue": ["library.Gone.author"]}, "library.Gone.author"),
        ({"fix": "report"}, "--fix report, not delete"),
        ({"more": 1}, "cannot be read"),
        ({"tallies": 1}, "cannot be read"),
    ],
)
def test_a_file_of_another_search_is_refused(searches, tmp_path, change, why):
    """Going on from there would leave something out."""
    path = tmp_path / "state.json"
    begun(searches, "delete").save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SearchStateError) as raised:
        resumed(path, searches, "delete")
    assert why in str(raised.value)
    assert raised.value.path == str(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_broken_file_is_refused(searches, tmp_path, text):
    """It is no state."""
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(SearchStateError, match="cannot be read"):
        resumed(path, searches, "report")


@pytest.mark.parametrize(
    ("field", "key"),
    [
        (models.BigIntegerField(), -(2**63)),
        (models.CharField(max_length=9), ""),
        (models.CharField(max_length=9), "é\n'"),
        (models.UUIDField(), UUID(int=7)),
        (models.DateTimeField(), datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=UTC)),
        (models.BinaryField(), b"\x00\xff"),
    ],
)
def test_a_key_goes_through_text(field, key):
    """The file has no types."""
    field.set_attributes_from_name("key")
    again = key_from_text(field, json.loads(json.dumps(key_as_text(field, key))))
    assert (bytes(again) if isinstance(key, bytes) else again) == key
    assert key_from_text(field, None) is None


def test_a_tally_names_only_some():
    """Numbers are complete, examples are not."""
    tally = Tally()
    for first in (1, 3):
        tally.add(Outcome(left=1, mended=1, examples=[first, (first, "b")]), show=3)
    assert (tally.left, tally.mended) == (2, 2)
    assert tally.examples == ["1", "(1, 'b')", "3"]
