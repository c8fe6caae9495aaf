"""``select_for_update``: the host locks rows of its own tables, and it is said which it cannot lock."""

import logging
from typing import TYPE_CHECKING, Any, Final

from django.db import connections

from django_fleet.errors import FederationNotSupportedError
from django_fleet.queries.from_clause import remote_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_fleet.queries.tables import Tables

logger: Final = logging.getLogger("django_fleet.queries")


def lock_arguments(
    tables: "Tables", compiler: Any, stock: "Callable[[Any], list[str]]"
) -> list[str]:
    """What stands behind ``FOR UPDATE OF``: Django's own names, or the host's own tables.

    Without names, a server would lock the rows of every table in the statement; what stands there
    for a remote table has none, and on the nullable side of a join PostgreSQL refuses it. Raises
    ``FederationNotSupportedError`` where a remote table is named.
    """
    remote = remote_tables(tables, compiler)
    if not remote:
        return stock(compiler)
    quoted = {_quoted(compiler, alias): alias for alias in remote}
    query = compiler.query
    if query.select_for_update_of:
        named = stock(compiler)
        for name in named:
            if name in quoted:
                model, home = remote[quoted[name]]
                raise _refusal(query, model, home, host=compiler.connection.alias)
        return named
    compiler.fleet_unlocked = unlocked(remote)
    features = compiler.connection.features
    if not features.has_select_for_update_of or features.select_for_update_of_column:
        return []
    return [
        _quoted(compiler, alias)
        for alias in query.alias_map
        if query.alias_refcount[alias] and alias not in remote
    ]


def unlocked(remote: "dict[str, tuple[Any, str]]") -> dict[str, str]:
    """Label of each remote model -> its home: their rows are read and not locked."""
    return {model._meta.label: home for model, home in remote.values()}


def locks_left_out(query: Any, host: str) -> dict[str, str]:
    """What ``query`` would leave unlocked on ``host``: label of the model -> its home.

    Raises ``FederationNotSupportedError`` where it names a remote table in ``of=``.
    """
    if not query.select_for_update or not connections[host].features.has_select_for_update:
        return {}
    compiler = query.clone().get_compiler(host)
    compiler.setup_query()
    compiler.get_order_by()
    compiler.get_select_for_update_of_arguments()
    found: dict[str, str] = vars(compiler).get("fleet_unlocked", {})
    return found


def tell_unlocked(compiler: Any) -> None:
    """Logs which tables of a query about to run are not locked although it asks for locks."""
    left_out = compiler.fleet_unlocked
    logger.warning(
        "row_lock_left_out",
        extra={
            "model": compiler.query.model._meta.label,
            "host": compiler.connection.alias,
            "tables": list(left_out),
            "homes": list(dict.fromkeys(left_out.values())),
        },
    )


def _refusal(query: Any, model: Any, home: str, *, host: str) -> FederationNotSupportedError:
    names = tuple(query.select_for_update_of)
    label, name = model._meta.label, model._meta.object_name
    return FederationNotSupportedError(
        f"select_for_update(of={names!r}) asks {host!r} to lock rows of {label}, which live on "
        f"{home!r}: a server locks only its own rows. Nothing was read. Leave {label} out of of=, and "
        f"lock it where it lives: {name}.objects.select_for_update() inside "
        f'transaction.atomic(using="{home}").'
    )


def _quoted(compiler: Any, name: str) -> str:
    quote = getattr(compiler, "quote_name", None) or compiler.quote_name_unless_alias  # until 6.1
    return str(quote(name))
