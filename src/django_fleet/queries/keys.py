"""A condition of one database whose keys come from another."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import BooleanField, Expression
from django.db.models.expressions import Col

from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Column

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class Unread(Sequence[Any]):
    """Keys that nobody reads, for those who only want to know what would be asked."""

    def __init__(self, expected: int) -> None:
        self._expected = expected

    def __len__(self) -> int:
        """About how many there are."""
        return self._expected

    def __getitem__(self, index: Any) -> Any:
        raise LookupError("These keys are not read.")


class KeyIn(Expression):
    """Whether a column equals one of the keys; binds them the way its database likes best."""

    conditional = True

    def __init__(
        self, column: Col, *, source: str, keys: Sequence[Any] = (), text: str | None = None
    ) -> None:
        super().__init__(output_field=BooleanField())
        self.column = column
        self.source = source
        """The alias that the keys were read from."""
        self.keys = keys
        self.text = text
        """The keys as one text, where nobody unpacked them."""

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        (self.column,) = exprs

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: "BaseDatabaseWrapper"
    ) -> tuple[str, list[Any]]:
        left, params = compiler.compile(self.column)
        carrier = vendor_of(connection).carrier
        field: Any = self.column.target
        if isinstance(self.keys, Unread):
            return f"{left} IN (/* keys of {self.source} */)", list(params)
        if self.text is not None:
            cargo = carrier.keys_from_text(connection, left, field, self.text)
        else:
            label = f"{field.model._meta.label}.{field.name}"
            cargo = carrier.keys(
                connection,
                left,
                Column(field.column, field, label),
                self.keys,
                source=connections[self.source],
            )
        return cargo.sql, [*params, *cargo.params]
