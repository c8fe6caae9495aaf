"""What counts as applied."""

import pytest

from django_fleet.migration.history.records import is_applied

ONE, TWO, BOTH = ("crm", "0001"), ("crm", "0002"), ("crm", "0001_squashed_0002")


@pytest.mark.parametrize(
    ("applied", "found"),
    [
        ({BOTH}, True),
        ({ONE, TWO}, True),
        ({ONE, TWO, BOTH}, True),
        ({ONE}, None),
        (set(), False),
    ],
)
def test_a_squashed_migration_is_applied_when_its_parts_are(applied, found):
    """With some of them it is neither."""
    assert is_applied(BOTH, [ONE, TWO], frozenset(applied)) is found


def test_a_plain_migration_has_no_parts():
    """Recorded or not."""
    assert is_applied(ONE, [], frozenset({ONE})) is True
    assert is_applied(ONE, [], frozenset({TWO})) is False
