"""Which tables of a locking query are not locked."""

from django_fleet.queries.locks import unlocked
from lab.library.models import Author, Country


def test_each_model_is_told_once():
    """However many aliases it has."""
    remote = {"a": (Author, "crm"), "T3": (Author, "crm"), "c": (Country, "geo")}
    assert unlocked(remote) == {"library.Author": "crm", "library.Country": "geo"}
