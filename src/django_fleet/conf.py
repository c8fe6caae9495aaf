"""The only reader of ``settings.FLEET``: raw settings in, a frozen ``Policy`` out.

It knows the keys and their defaults; whether the values make sense together is for ``checks``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypedDict, cast, get_args

from django.conf import settings

from django_fleet.errors import ConfigurationError, UnknownConsistencyError

Consistency = Literal["eventual", "session", "strong"]

LEVELS: Final[tuple[str, ...]] = get_args(Consistency)
KEYS: Final = (
    "PLACEMENT",
    "CONSISTENCY",
    "OFFLINE_S",
    "TOKEN_WAIT_MS",
    "TOKEN_CARRIER",
    "MONITOR_S",
    "READ_DEADLINE_S",
    "MAX_LAG_S",
    "MIN_REPLICAS",
    "PRIMARY_UNITS_PER_S",
    "FOLLOW_PRIMARY",
    "LOCALITY",
    "MAX_SHIPPED_ROWS",
    "MAX_SHIPPED_BYTES",
    "SHIPPED_ROWS_BUDGET",
    "OVER_BUDGET",
    "ENGINE",
    "ENGINE_MAX_ROWS",
    "ENGINE_MEMORY_MB",
)

OTHERS: Final = "*"
"""Stands in ``FLEET["CONSISTENCY"]`` for every model that no other label names."""

OverBudget = Literal["warn", "raise"]
Engine = Literal["auto", "off"]
TokenCarrier = Literal["cookie", "header", "session", "off"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``FLEET`` says, with its defaults filled in."""

    placement: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """App label or model label, as written by the user, to alias."""

    consistency: Consistency = "session"
    """What a read may see when no block says otherwise."""

    offline_s: float = 5.0
    """Seconds for which a replica that could not be reached is left alone."""

    token_wait_ms: float = 50.0
    """Milliseconds that a read waits for a replica that nearly shows what the session has seen."""

    token_carrier: TokenCarrier = "cookie"  # noqa: S105 (the way it travels)
    """What brings a session's token from one request to the next."""

    monitor_s: float = 1.0
    """Seconds between two looks of the monitor at a database with replicas; 0: nobody looks."""

    read_deadline_s: float = 2.0
    """Seconds after which a read no longer waits for a replica that answers nobody."""

    max_lag_s: float | None = 30.0
    """Seconds by which a replica may be behind; one that is further behind takes no reads."""

    min_replicas: int = 0
    """How many replicas take reads all the same, those that are furthest ahead."""

    primary_units_per_s: float | None = None
    """Units of work per second that may read a primary because none of its replicas can be asked."""

    follow_primary: bool = True
    """Whether a replica that was made the primary is used as the primary."""

    locality: str = ""
    """Where this process runs; replicas with the same ``LOCALITY`` are preferred."""

    max_shipped_rows: int = 1_000_000
    """How many rows one query may carry between databases."""

    max_shipped_bytes: int = 256 * 1024 * 1024
    """How many bytes one query may bind of rows of other databases."""

    shipped_rows_budget: int | None = None
    """How many rows a query may carry before it is reported; ``None``: any number."""

    over_budget: OverBudget = "warn"
    """What happens to a query above the budget: a Python warning, or an error."""

    engine: Engine = "auto"
    """Whether DuckDB may group large tables of several databases, where it is installed."""

    engine_max_rows: int = 20_000_000
    """How many rows it may read for one query."""

    engine_memory_mb: int = 1024
    """How much memory it may take for one query before it uses a temporary folder."""

    unknown_keys: tuple[str, ...] = ()
    """Keys that nobody reads: a typing error, reported by a check."""

    levels: Mapping[str, Consistency] = field(default_factory=lambda: MappingProxyType({}))
    """App label or model label, in lower case, to what reads of those models may see instead."""


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
        **_levels(raw.get("CONSISTENCY", "session")),
        offline_s=_amount(raw.get("OFFLINE_S", 5.0), key="OFFLINE_S", of="seconds"),
        token_wait_ms=_amount(
            raw.get("TOKEN_WAIT_MS", 50.0), key="TOKEN_WAIT_MS", of="milliseconds"
        ),
        token_carrier=_carrier(raw.get("TOKEN_CARRIER", "cookie")),
        monitor_s=_amount(raw.get("MONITOR_S", 1.0), key="MONITOR_S", of="seconds"),
        read_deadline_s=_deadline(raw.get("READ_DEADLINE_S", 2.0)),
        max_lag_s=_limit(raw.get("MAX_LAG_S", 30.0), key="MAX_LAG_S", of="seconds"),
        min_replicas=_count(raw.get("MIN_REPLICAS", 0), key="MIN_REPLICAS"),
        primary_units_per_s=_limit(
            raw.get("PRIMARY_UNITS_PER_S"), key="PRIMARY_UNITS_PER_S", of="units of work per second"
        ),
        follow_primary=_yes_or_no(raw.get("FOLLOW_PRIMARY", True), key="FOLLOW_PRIMARY"),
        locality=_locality(raw.get("LOCALITY", "")),
        max_shipped_rows=_count(raw.get("MAX_SHIPPED_ROWS", 1_000_000), key="MAX_SHIPPED_ROWS"),
        max_shipped_bytes=_count(
            raw.get("MAX_SHIPPED_BYTES", 256 * 1024 * 1024), key="MAX_SHIPPED_BYTES"
        ),
        shipped_rows_budget=_budget(raw.get("SHIPPED_ROWS_BUDGET")),
        over_budget=_over_budget(raw.get("OVER_BUDGET", "warn")),
        engine=_engine(raw.get("ENGINE", "auto")),
        engine_max_rows=_count(raw.get("ENGINE_MAX_ROWS", 20_000_000), key="ENGINE_MAX_ROWS"),
        engine_memory_mb=_count(raw.get("ENGINE_MEMORY_MB", 1024), key="ENGINE_MEMORY_MB"),
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


def is_amount(value: object) -> bool:
    """Whether ``value`` is a number, 0 or more, and not without end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0


def _levels(value: object) -> "_Levels":
    """One level for all, or levels by label, with ``"*"`` for the others."""
    place = 'FLEET["CONSISTENCY"]'
    if not isinstance(value, Mapping):
        return {"consistency": level(value, place=place), "levels": MappingProxyType({})}
    for label in value:
        if not isinstance(label, str):
            raise ConfigurationError(f"{place} must map labels to levels; {label!r} is no label.")
    found = {
        label.lower(): level(said, place=f'{place}["{label}"]') for label, said in value.items()
    }
    return {"consistency": found.pop(OTHERS, "session"), "levels": MappingProxyType(found)}


class _Levels(TypedDict):
    consistency: Consistency
    levels: Mapping[str, Consistency]


def _amount(value: object, *, key: str, of: str, also: str = "") -> float:
    if not is_amount(value):
        raise ConfigurationError(
            f'FLEET["{key}"] must be {also}a number of {of}, 0 or more, not {value!r}.'
        )
    return float(cast("float", value))


def _deadline(value: object) -> float:
    if not is_amount(value) or not value:
        raise ConfigurationError(
            f'FLEET["READ_DEADLINE_S"] must be a number of seconds above 0, not {value!r}. '
            'FLEET["MONITOR_S"] = 0 does without a deadline.'
        )
    return float(cast("float", value))


def _limit(value: object, *, key: str, of: str) -> float | None:
    return None if value is None else _amount(value, key=key, of=of, also="None or ")


def _yes_or_no(value: object, *, key: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f'FLEET["{key}"] must be True or False, not {value!r}.')
    return value


def _locality(value: object) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f'FLEET["LOCALITY"] must be a string, not {value!r}.')
    return value


def _carrier(value: object) -> TokenCarrier:
    if value not in get_args(TokenCarrier):
        raise ConfigurationError(
            f'FLEET["TOKEN_CARRIER"] must be one of {get_args(TokenCarrier)}, not {value!r}.'
        )
    return cast("TokenCarrier", value)


def is_count(value: object) -> bool:
    """Whether ``value`` is a whole number, 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _count(value: object, *, key: str, also: str = "") -> int:
    if not is_count(value):
        raise ConfigurationError(
            f'FLEET["{key}"] must be {also}a whole number, 0 or more, not {value!r}.'
        )
    return cast("int", value)


def _budget(value: object) -> int | None:
    return None if value is None else _count(value, key="SHIPPED_ROWS_BUDGET", also="None or ")


def _over_budget(value: object) -> OverBudget:
    if value not in get_args(OverBudget):
        raise ConfigurationError(f'FLEET["OVER_BUDGET"] must be "warn" or "raise", not {value!r}.')
    return cast("OverBudget", value)


def _engine(value: object) -> Engine:
    if value not in get_args(Engine):
        raise ConfigurationError(f'FLEET["ENGINE"] must be "auto" or "off", not {value!r}.')
    return cast("Engine", value)
