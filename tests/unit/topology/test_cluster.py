"""Which databases hold the same rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_fleet.topology import Cluster, Database
from django_fleet.topology.cluster import clusters_of


def clusters(**primaries):
    """Primary -> aliases of its cluster, for databases and what each repeats."""
    databases = {alias: Database(alias, "engine", primary) for alias, primary in primaries.items()}
    return {name: made.aliases for name, made in clusters_of(databases).items()}


@pytest.mark.parametrize(
    ("primaries", "expected"),
    [
        ({}, {}),
        ({"a": None}, {"a": ("a",)}),
        ({"a": None, "b": None}, {"a": ("a",), "b": ("b",)}),
        ({"a": None, "b": "a", "c": "a"}, {"a": ("a", "b", "c")}),
        ({"c": "a", "b": "a", "a": None}, {"a": ("a", "c", "b")}),
        ({"a": None, "b": "a", "c": "b", "d": "c"}, {"a": ("a", "b", "c", "d")}),
        ({"a": "nowhere"}, {"a": ("a",)}),
        ({"a": "nowhere", "b": "a"}, {"a": ("a",), "b": ("b",)}),
        ({"a": "a"}, {"a": ("a",)}),
        ({"a": "b", "b": "a"}, {"a": ("a",), "b": ("b",)}),
        ({"a": "b", "b": "a", "c": "a"}, {"a": ("a",), "b": ("b",), "c": ("c",)}),
    ],
)
def test_who_belongs_together(primaries, expected):
    """Chains end at their primary; where there is none, a database stands alone."""
    assert clusters(**primaries) == expected


@given(
    primaries=st.dictionaries(
        st.sampled_from("abcdef"), st.one_of(st.none(), st.sampled_from("abcdefx"))
    )
)
def test_every_database_is_in_one_cluster(primaries):
    """Whatever the settings say, routing has an answer."""
    found = clusters(**primaries)
    members = [alias for aliases in found.values() for alias in aliases]
    assert sorted(members) == sorted(primaries)
    assert all(aliases[0] == name for name, aliases in found.items())


def test_a_cluster_contains_its_aliases():
    """And nothing else."""
    cluster = Cluster("a", (Database("b", "engine", "a"),))
    assert "a" in cluster
    assert "b" in cluster
    assert "c" not in cluster
    assert None not in cluster
