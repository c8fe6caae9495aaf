"""Which tables of a statement are remote, and where their rows are read.

A table is remote when its model is not *present* on the cluster that runs the statement; that a copy
of it stands there by accident changes nothing. It opens no connection.
"""

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connections, router

from django_fleet.queries.references import named_database, references, subqueries
from django_fleet.queries.rules import Rules
from django_fleet.routing.elsewhere import is_remote

if TYPE_CHECKING:
    from django.db.models import Model

    from django_fleet.routing.running import Running


class Tables:
    """The tables of one running fleet. Answers about the project's own models are kept."""

    __slots__ = ("_by_table", "_learned_from", "_running", "_seen", "rules")

    def __init__(self, running: "Running") -> None:
        self._running = running
        self.rules = Rules(running)
        self._seen: dict[tuple[type[Model], str], bool] = {}
        self._by_table: dict[str, type[Model]] = {}
        self._learned_from: tuple[object, object] = (None, None)

    def is_remote(self, model: "type[Model]", host: str) -> bool:
        """Whether the table of ``model`` is elsewhere for a statement that runs on ``host``."""
        routers, fleet = self._learned_from
        if routers is not router.routers or fleet is not self._running.fleet:
            self._learned_from = (router.routers, self._running.fleet)
            self._seen, self._by_table = {}, {}
        key = (model, host)
        answer = self._seen.get(key)
        if answer is None:
            answer = is_remote(model, host)
            if model._meta.apps is apps and apps.ready:
                self._seen[key] = answer
        return answer

    def are_same_cluster(self, one: str, other: str) -> bool:
        """Whether two aliases show the same rows."""
        fleet = self._running.fleet
        return fleet.primary_of(one) == fleet.primary_of(other)

    def are_all_at(self, expression: Any, alias: str) -> bool:
        """Whether ``alias`` can answer the subqueries of ``expression``: their tables are present there.

        The first table of one that names a database is there: whoever said ``.using()`` meant it.
        """
        features = connections[alias].features
        if not features.allow_sliced_subqueries_with_in and references(expression).has_sliced_list:
            return False
        for query in subqueries(expression):
            entries = [
                entry for name, entry in query.alias_map.items() if query.alias_refcount[name]
            ]
            models = [self.model_of(entry, query) for entry in entries] or own_model(query)
            named = named_database(query)
            if named is not None and not self.are_same_cluster(named, alias):
                return False
            if named is not None:
                del models[0]
            if any(model is None or self.is_remote(model, alias) for model in models):
                return False
        return True

    def model_of(self, entry: Any, query: Any) -> "type[Model] | None":
        """The model whose table ``entry`` (of ``query.alias_map``) is; ``None`` when it has none."""
        table = entry.table_name
        if entry.join_type is None:
            own = query.model
            if own is not None and own._meta.concrete_model._meta.db_table == table:
                return own._meta.concrete_model  # type: ignore[no-any-return]
            return self.model_of_table(table)
        field = entry.join_field
        for candidate in (field.related_model, field.model):
            model = getattr(candidate, "_meta", None) and candidate._meta.concrete_model
            if model is not None and model._meta.db_table == table:
                return model  # type: ignore[no-any-return]
        return self.model_of_table(table)

    def model_of_table(self, table: str) -> "type[Model] | None":
        """The installed model with that table."""
        if table not in self._by_table:
            found = {
                model._meta.db_table: model._meta.concrete_model or model
                for model in apps.get_models(include_auto_created=True)
            }
            self._by_table = found
        return self._by_table.get(table)


def own_model(query: Any) -> "list[type[Model]]":
    """The model of a query that has no table yet; none where it has no model at all."""
    return [] if query.model is None else [query.model._meta.concrete_model]
