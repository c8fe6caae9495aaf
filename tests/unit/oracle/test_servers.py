"""The databases of a measure, by alias and run."""

from types import SimpleNamespace

import pytest
from oracle.configuration import REPLICATED, SCATTERED, TOGETHER
from oracle.servers import started


@pytest.mark.parametrize("contrib_apart", [False, True])
def test_contrib_has_a_database_only_where_models_are_scattered(contrib_apart):
    """On one database there is no third to look into."""
    interpreter = SimpleNamespace(sqlite="3.40.1")
    with started("sqlite", interpreter, contrib_apart=contrib_apart) as databases:
        together = databases.settings("run", TOGETHER)
        scattered = databases.settings("run", SCATTERED)
    assert set(together) == {"default", "other"}
    assert set(scattered) == set(together) | ({"contrib"} if contrib_apart else set())
    names = [entry["NAME"] for entry in scattered.values()]
    assert len(set(names)) == len(names)
    assert not databases.are_of_two_vendors


def test_each_database_may_have_a_replica():
    """Both names are of one database."""
    with started("sqlite", SimpleNamespace(sqlite="3.40.1")) as databases:
        found = databases.settings("run", REPLICATED)
    assert set(found) == {"default", "default_replica", "other", "other_replica"}
    assert found["other_replica"] == {**found["other"], "REPLICA_OF": "other"}
