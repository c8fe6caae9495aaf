"""What every error of ours has, and the words that several of them share."""

from collections.abc import Iterable
from typing import Any


def listed(names: Iterable[str]) -> str:
    """Names for a message: quoted, in the order given, or ``(none)``."""
    return ", ".join(repr(name) for name in names) or "(none)"


def counted(number: int, noun: str) -> str:
    """A number and what it is of, for a message: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


class FleetError(Exception):
    """Something that django-fleet refused to do."""

    code = "fleet-error"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels to another process with its text and attributes, whatever its constructor takes."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(
    cls: type[FleetError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> FleetError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error
