"""The table of rules. An id is never given to another rule."""

from collections.abc import Iterator
from typing import Final

from django_fleet.migration.lint import conduct, locks, release
from django_fleet.migration.lint.rule import Hit, Rule, Server
from django_fleet.migration.lint.step import Step

RULES: Final[tuple[Rule, ...]] = (
    Rule("L001", "NOT NULL column without a default in the database", release.not_null_column),
    Rule("L002", "column renamed", release.renamed_column),
    Rule("L003", "table renamed", release.renamed_table),
    Rule("L004", "column removed", release.removed_column),
    Rule("L005", "table removed", release.removed_table),
    Rule("L006", "column becomes NOT NULL", release.newly_not_null),
    Rule("L007", "column forgotten that has to be filled", release.forgotten_column, True),
    Rule("L101", "type changed, and not in place", locks.changed_type),
    Rule("L102", "index built under a lock", locks.index_with_lock),
    Rule("L103", "check added with all rows", locks.checked_constraint),
    Rule("L104", "foreign key added with all rows", locks.foreign_key),
    Rule("L105", "something becomes unique", locks.unique_constraint),
    Rule("L106", "default that differs from row to row", locks.volatile_default),
    Rule("L107", "one default for all old rows", locks.one_default_for_all),
    Rule("L108", "stored generated column", locks.stored_column),
    Rule("L109", "table made anew", locks.remade_table),
    Rule("L201", "code runs while tables are locked", conduct.code_under_locks),
    Rule("L202", "several changes that are not undone together", conduct.half_done),
    Rule("L203", "SQL that was not read", conduct.unread),
)
"""L0..: the running release. L1..: big tables. L2..: how a migration runs."""

IDS: Final = frozenset(rule.id for rule in RULES)


def hits(step: Step, server: Server) -> Iterator[tuple[Rule, Hit]]:
    """What the rules have to say about one step on one vendor."""
    for rule in RULES:
        hit = rule.judge(step, server) if rule.is_about_state == step.is_state_only else None
        if hit is not None:
            yield rule, hit
