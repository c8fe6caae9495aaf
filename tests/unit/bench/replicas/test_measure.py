"""Targets of the benchmark of replicas, from rows that were made up."""

import pytest
from bench.replicas import rules
from bench.replicas.measure import Found, Row
from bench.replicas.report import for_machines, table

COST = {"using": [1000.0, 3000.0], "later": [4000.0], "first": [9000.0], "whole": [2000.0]}


def found(on_replica=100, stale=0, cost=None):
    rows = [
        Row(lag, rule, reads=100, on_replica=on_replica, stale=stale, writes=10)
        for lag in ("healthy", "1 s behind", "10 s behind")
        for rule in rules.NAMES
    ]
    return Found("PostgreSQL 0", 0.1, rows, cost or COST)


def test_a_cost_is_the_distance_of_medians():
    """In microseconds."""
    assert found().us_more("later") == 2.0


@pytest.mark.parametrize(
    ("made", "missed"),
    [
        (found(), ["the first read of a unit: at most 5 us more than .using()"]),
        (found(cost={**COST, "first": [1000.0]}), []),
        (
            found(on_replica=98, cost={**COST, "first": [1000.0]}),
            ["healthy: at most 1% of reads on the primary"],
        ),
        (
            found(stale=1, cost={**COST, "first": [1000.0]}),
            [f"{lag}: no stale read" for lag in ("healthy", "1 s behind", "10 s behind")],
        ),
    ],
)
def test_what_counts_as_missed(made, missed):
    """Only ours is judged."""
    assert [each.target for each in made.verdicts() if not each.is_met] == missed


def test_every_rule_has_a_line_at_every_lag():
    """And each way of reading one, too."""
    lines = "\n".join(table(found()))
    for rule in rules.NAMES:
        assert lines.count(f"  {rule} ") == 3
    assert "2.0" in lines
    assert len(for_machines(found())["rows"]) == 12
