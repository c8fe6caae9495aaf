"""Why a step is taken the way it is."""

import pytest
from django.db.models import Q
from django.db.models.sql.where import AND

from django_fleet.queries.keys import KeyIn
from django_fleet.queries.reasons import LOOKUP, reason
from lab.library.models import Author

KEYED = KeyIn(Author._meta.pk.get_col("library_author"), source="default", keys=[1])


@pytest.mark.parametrize(
    ("kind", "conditions", "words"),
    [
        ("Scan", [], "nothing selects there"),
        ("Scan", [Q(born=1)], "conditions select there"),
        ("Scan", [Q(born=1), KEYED], "keys that the host's side has"),
        ("SemiJoin", [], "its keys travel"),
        ("PartialAggregate", [], "a row for each key"),
    ],
)
def test_how_it_travels_and_what_selects(kind, conditions, words):
    """Both are said."""
    query = Author.objects.all().query
    for each in conditions:
        query.where.add(each, AND)
    assert words in reason(kind, query)


def test_a_lookup_has_one_reason():
    """It always selects by key."""
    assert reason("Lookup", Author.objects.filter(born=1).query) == LOOKUP
