"""The errors of queries over several databases."""

from collections.abc import Iterable

from django.db.utils import DatabaseError, NotSupportedError

from django_fleet.errors.refusal import FleetError, listed


class FederationError(FleetError, DatabaseError):
    """A query over several databases that could not be answered."""

    code = "federation"


class FederationLimitError(FederationError):
    """More rows or bytes would have to travel than the limits allow."""

    code = "federation-limit"

    def __init__(  # noqa: PLR0913 -- each is a part of the message
        self, relation: str, *, home: str, host: str, limit: int, unit: str, setting: str
    ) -> None:
        self.relation = relation
        self.home = home
        self.host = host
        self.limit = limit
        around = (
            "" if setting.startswith("ENGINE") else f", fleet.limits({unit}=...) around this one"
        )
        super().__init__(
            f"{relation} needs more than {limit:,} {unit} of database {home!r} in a query on "
            f"{host!r}. Nothing was returned. Narrow the query, or raise the limit: "
            f'FLEET["{setting}"] for all queries{around}; '
            "fleet.explain(queryset) shows what travels."
        )


class FederationBudgetError(FederationError):
    """A query crossed databases with more rows than the budget of this project allows."""

    code = "federation-budget"

    def __init__(self, label: str, *, rows: int, budget: int) -> None:
        self.rows = rows
        self.budget = budget
        super().__init__(
            f"A query for {label} carried {rows:,} rows between databases; the budget is {budget:,} "
            '(FLEET["SHIPPED_ROWS_BUDGET"]). fleet.explain(queryset) shows which relation they '
            "belong to; narrow the query, or place the models on one database."
        )


class PacketTooLargeError(FederationError):
    """What has to travel does not fit into one statement of the receiving server."""

    code = "packet-too-large"

    def __init__(  # noqa: PLR0913 -- each is a part of the message
        self, relation: str, *, home: str, host: str, size: int, limit: int, setting: str
    ) -> None:
        self.size = size
        self.limit = limit
        super().__init__(
            f"{relation} of {home!r} needs a statement of {size:,} bytes on {host!r}, whose {setting} is "
            f"{limit:,}. Nothing was sent. Narrow the query, or raise {setting} on that server."
        )


class FederationNotSupportedError(FederationError, NotSupportedError):
    """Something in a query over several databases that has no answer there."""

    code = "federation-not-supported"


class CollationMismatchError(FederationNotSupportedError):
    """Text would be compared under the rules of two databases that disagree."""

    code = "collation-mismatch"

    def __init__(self, columns: Iterable[str], *, home: str, host: str, what: str) -> None:
        self.columns = tuple(columns)
        super().__init__(
            f"{what} compares {listed(self.columns)} by the collations of {home!r} and {host!r}, "
            "which disagree about which texts are equal ('a' = 'A ' on MariaDB), which comes first, "
            "or what is upper case. Compare a column of another type, or give both columns the same "
            "binary collation (db_collation)."
        )
