"""What the rules find in migrations, for the databases on which they are still to run."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.migrations.operations import AlterModelTable, RenameModel
from django.db.migrations.state import ProjectState

from django_fleet.migration.history.project import Project
from django_fleet.migration.history.records import Key
from django_fleet.migration.lint.rule import Hit, Rule, Server
from django_fleet.migration.lint.rules import IDS, hits
from django_fleet.migration.lint.size import Size, Sizes
from django_fleet.migration.lint.step import Step, steps_of
from django_fleet.migration.visit import visit
from django_fleet.vendors import vendor_of

Level = Literal["danger", "note"]
IGNORED = "fleet_lint_ignore"
"""The attribute of a migration that names the rules whose findings its author has accepted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule says about one operation, for databases where it is the same."""

    rule: str
    level: Level
    migration: str
    """``app.name``."""

    operation: str
    what: str
    remedy: str
    tables: tuple[str, ...]
    size: str
    """Of the biggest of the tables, on the database where it is the biggest; empty without tables."""

    databases: tuple[str, ...]
    is_accepted: bool
    """Whether ``fleet_lint_ignore`` of the migration names the rule."""


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """A hit, before anybody looked at the size of tables."""

    rule: Rule
    hit: Hit
    key: Key
    operation: str
    places: Mapping[str, tuple[str, ...]]
    """For each alias the tables of the hit, by the names that they still have there."""
    is_accepted: bool


@dataclass(slots=True)
class _Pending:
    """What the migrations that were looked at so far will have done to one database."""

    keys: frozenset[Key]
    new: set[str] = field(default_factory=set)
    """The tables that they make."""
    renamed: dict[str, str] = field(default_factory=dict)
    """New name of a table -> the one that it still has."""

    def learn(self, step: Step) -> None:
        """Takes note of tables that a step makes or renames."""
        if step.is_state_only:
            return
        after = step.model_after
        if isinstance(step.operation, AlterModelTable | RenameModel) and after is not None:
            old, new = step.table, after._meta.db_table
            self.renamed[new] = self.renamed.get(old, old)
            if old in self.new:
                self.new.add(new)
        self.new.update(step.new_tables())


def findings(
    project: Project, pending: Mapping[str, Collection[Key]], *, threshold: int
) -> list[Finding]:
    """Findings in the order of the plan, dangers of an operation before its notes.

    ``pending`` has for each alias the migrations to look at. Tables that these make are new: nobody
    has them open, and nothing is found about them. ``threshold`` is how many rows make a table big.
    Raises ``ImproperlyConfigured`` where a migration accepts a rule that does not exist, and
    Django's ``Error`` where a database does not answer.
    """
    suspicions = list(
        _suspicions(project, {alias: _Pending(frozenset(keys)) for alias, keys in pending.items()})
    )
    sizes: dict[str, dict[str, Size]] = {}
    for alias in pending:
        tables = {table for each in suspicions for table in each.places.get(alias, ())}
        if tables:
            with visit(alias) as connection:
                measured = Sizes(connection, threshold)
                sizes[alias] = {table: measured.of(table) for table in tables}
    return [found for each in suspicions for found in _weighed(each, sizes, threshold)]


def _suspicions(project: Project, pending: Mapping[str, _Pending]) -> Iterator[_Suspicion]:
    servers: dict[str, Server] = {}
    for step in _steps(project, {key for each in pending.values() for key in each.keys}):
        aliases = [
            alias for alias in pending if step.key in pending[alias].keys and step.is_run_on(alias)
        ]
        by_vendor: dict[str, dict[str, _Pending]] = {}
        for alias in aliases:
            by_vendor.setdefault(connections[alias].vendor, {})[alias] = pending[alias]
        for vendor, of_vendor in by_vendor.items():
            if vendor not in servers:
                servers[vendor] = _server(next(iter(of_vendor)))
            yield from _judged(step, servers[vendor], of_vendor)
        for alias in aliases:
            pending[alias].learn(step)


def _steps(project: Project, wanted: Collection[Key]) -> Iterator[Step]:
    state = ProjectState(real_apps=project.loader.unmigrated_apps)
    left = set(wanted)
    for key in project.order:
        if not left:
            return
        migration = project.migration(key)
        if key in left:
            left.remove(key)
            state = yield from steps_of(key, migration, state)
        else:
            state = migration.mutate_state(state, preserve=False)


def _server(alias: str) -> Server:
    connection = connections[alias]
    features: Any = connection.features
    return Server(
        connection.vendor,
        connection,
        vendor_of(connection).alterations,
        undoes_schema_changes=bool(features.can_rollback_ddl),
    )


def _judged(step: Step, server: Server, pending: Mapping[str, _Pending]) -> Iterator[_Suspicion]:
    accepted = _accepted(step)
    for rule, hit in hits(step, server):
        places = {
            alias: tuple(each.renamed.get(table, table) for table in hit.tables)
            for alias, each in pending.items()
            if not hit.changed or not each.new.issuperset(hit.changed)
        }
        if places:
            operation = step.operation.describe()
            yield _Suspicion(rule, hit, step.key, operation, places, rule.id in accepted)


def _accepted(step: Step) -> frozenset[str]:
    named = frozenset(getattr(step.migration, IGNORED, ()))
    unknown = sorted(named - IDS)
    if unknown:
        raise ImproperlyConfigured(
            f"{IGNORED} of {'.'.join(step.key)} names {', '.join(unknown)}, which is no rule. The rules "
            f"are {', '.join(sorted(IDS))}."
        )
    return named


def _weighed(
    suspicion: _Suspicion, sizes: Mapping[str, Mapping[str, Size]], threshold: int
) -> Iterator[Finding]:
    hit = suspicion.hit
    levels: dict[Level, dict[str, list[Size]]] = {"danger": {}, "note": {}}
    for alias, tables in suspicion.places.items():
        measured = [sizes[alias][table] for table in tables]
        is_big = not measured or any(each.reaches(threshold) for each in measured)
        by_size: Level = "danger" if is_big else "note"
        levels[by_size if hit.weight == "by size" else hit.weight][alias] = measured
    for level, found in levels.items():
        of_all = [size for measured in found.values() for size in measured]
        if found:
            yield Finding(
                suspicion.rule.id,
                level,
                ".".join(suspicion.key),
                suspicion.operation,
                hit.what,
                hit.remedy,
                hit.tables,
                max(of_all, key=_weight).said if of_all else "",
                tuple(found),
                suspicion.is_accepted,
            )


def _weight(size: Size) -> float:
    return float("inf") if size.rows is None else size.rows
