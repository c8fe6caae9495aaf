"""The databases of a measure, by alias and run."""

from types import SimpleNamespace

import pytest
from oracle.servers import started


@pytest.mark.parametrize("contrib_apart", [False, True])
def test_contrib_has_a_database_only_where_models_are_scattered(contrib_apart):
    """On one database there is no third to look into."""
    interpreter = SimpleNamespace(sqlite="3.40.1")
    with started("sqlite", interpreter, contrib_apart=contrib_apart) as databases:
        together = databases.settings("run", is_scattered=False)
        scattered = databases.settings("run", is_scattered=True)
    assert set(together) == {"default", "other"}
    assert set(scattered) == set(together) | ({"contrib"} if contrib_apart else set())
    names = [entry["NAME"] for entry in scattered.values()]
    assert len(set(names)) == len(names)
    assert not databases.are_of_two_vendors
