"""The only reader of ``settings.FLEET``: raw settings in, a frozen ``Policy`` out.

It knows the keys and their defaults; whether the values make sense together is for ``checks``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from django.conf import settings

from django_fleet.errors import ConfigurationError, UnknownConsistencyError

Consistency = Literal["eventual", "session", "strong"]

LEVELS: Final[tuple[str, ...]] = get_args(Consistency)
KEYS: Final = ("PLACEMENT", "CONSISTENCY", "OFFLINE_S")


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``FLEET`` says, with its defaults filled in."""

    placement: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """App label or model label, as written by the user, to alias."""

    consistency: Consistency = "session"
    """What a read may see when no block says otherwise."""

    offline_s: float = 5.0
    """Seconds for which a replica that could not be reached is left alone."""

    unknown_keys: tuple[str, ...] = ()
    """Keys that nobody reads: a typing error, reported by a check."""


def level(value: object, *, place: str) -> Consistency:
    """The consistency level that ``value`` names, or ``UnknownConsistencyError`` naming ``place``."""
    if value not in LEVELS:
        raise UnknownConsistencyError(value, place=place, levels=LEVELS)
    return cast("Consistency", value)


def read() -> Policy:
    """The policy of the current settings. Raises ``ConfigurationError`` on a value of a wrong kind."""
    raw = getattr(settings, "FLEET", {})
    if not isinstance(raw, Mapping):
        raise ConfigurationError(f"FLEET must be a dictionary, not {raw!r}.")
    return Policy(
        placement=MappingProxyType(_placement(raw.get("PLACEMENT", {}))),
        consistency=level(raw.get("CONSISTENCY", "session"), place='FLEET["CONSISTENCY"]'),
        offline_s=_seconds(raw.get("OFFLINE_S", 5.0), key="OFFLINE_S"),
        unknown_keys=tuple(sorted(str(key) for key in raw if key not in KEYS)),
    )


def _placement(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f'FLEET["PLACEMENT"] must map app or model labels to aliases, not {value!r}.'
        )
    for label, alias in value.items():
        if not isinstance(label, str) or not isinstance(alias, str):
            raise ConfigurationError(
                f'FLEET["PLACEMENT"] must map labels to aliases; {label!r}: {alias!r} does not.'
            )
    return dict(value)


def _seconds(value: object, *, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ConfigurationError(f'FLEET["{key}"] must be a number of seconds, not {value!r}.')
    return float(value)
