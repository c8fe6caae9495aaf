"""Does ``DATABASES`` describe replicas that can be?"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from django_fleet.errors import listed
from django_fleet.routing.running import running
from django_fleet.topology.database import KEYS, are_tags, is_weight
from django_fleet.vendors import vendor_of


def check_replicas(**_kwargs: Any) -> list[CheckMessage]:
    """``REPLICA_OF`` names a primary of the same vendor, ``WEIGHT`` is a number, ``TAGS`` are words."""
    entries = connections.settings
    found: list[CheckMessage] = []
    for alias, entry in entries.items():
        if "REPLICA_OF" in entry:
            found += _replica_of(alias, entries)
        if "WEIGHT" in entry and not is_weight(entry["WEIGHT"]):
            found.append(_wrong_weight(alias, entry["WEIGHT"]))
        if "TAGS" in entry and not are_tags(entry["TAGS"]):
            found.append(_wrong_tags(alias, entry["TAGS"]))
        found += _misspelt(alias, entry)
    return found


def check_deadlines(**_kwargs: Any) -> list[CheckMessage]:
    """A primary with replicas has a deadline for connecting; replicas are given one."""
    found: list[CheckMessage] = []
    for alias in sorted(running().replicated):
        try:
            connection = connections.create_connection(alias)
        except ImproperlyConfigured:
            continue  # no driver: Django says so
        names = set(vendor_of(connection).deadline_for_connecting(1))
        if names and names.isdisjoint(connections.settings[alias]["OPTIONS"]):
            found.append(_no_deadline(alias, names))
    return found


def _replica_of(alias: str, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[CheckMessage]:
    place = f"DATABASES[{alias!r}]['REPLICA_OF']"
    named = entries[alias]["REPLICA_OF"]
    if named is None:
        return
    if not isinstance(named, str) or named not in entries:
        yield Error(
            f"{place} names {named!r}, which is not in DATABASES.",
            hint=f"The databases are {listed(entries)}.",
            id="fleet.E001",
        )
        return
    if _leads_back(alias, entries):
        yield Error(
            f"{place} leads back to {alias!r}: no database of the circle is a primary.",
            hint="Remove REPLICA_OF from the database that takes the writes.",
            id="fleet.E003",
        )
        return
    further = entries[named].get("REPLICA_OF")
    if further is not None:
        yield Error(
            f"{place} names {named!r}, which is itself a replica (of {further!r}).",
            hint=f"Name the primary: REPLICA_OF = {further!r}.",
            id="fleet.E002",
        )
    if entries[named].get("ENGINE") != entries[alias].get("ENGINE"):
        yield Error(
            f"{place} names {named!r}, which has another ENGINE "
            f"({entries[named].get('ENGINE')}, not {entries[alias].get('ENGINE')}).",
            hint="A replica is of the same kind as its primary.",
            id="fleet.E014",
        )


def _leads_back(alias: str, entries: Mapping[str, Mapping[str, Any]]) -> bool:
    seen = {alias}
    current: Any = entries[alias].get("REPLICA_OF")
    while isinstance(current, str) and current in entries:
        if current in seen:
            return bool(current == alias)
        seen.add(current)
        current = entries[current].get("REPLICA_OF")
    return False


def _wrong_weight(alias: str, weight: object) -> CheckMessage:
    return Error(
        f"DATABASES[{alias!r}]['WEIGHT'] is {weight!r}.",
        hint="WEIGHT is a whole number, 0 or more: the replica's share of the reads.",
        id="fleet.E004",
    )


def _wrong_tags(alias: str, tags: object) -> CheckMessage:
    return Error(
        f"DATABASES[{alias!r}]['TAGS'] is {tags!r}.",
        hint='TAGS is a list of words, such as ["eu", "tenants"].',
        id="fleet.E023",
    )


def _misspelt(alias: str, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """Keys that are nearly ours; others belong to Django or to a backend."""
    for key in entry.keys() - KEYS:
        for meant in get_close_matches(str(key).upper(), KEYS, n=1, cutoff=0.8):
            yield Caution(
                f"DATABASES[{alias!r}] has the key {key!r}, which nobody reads.",
                hint=f"Did you mean {meant!r}?",
                id="fleet.W011",
            )


def _no_deadline(alias: str, names: set[str]) -> CheckMessage:
    (name,) = names
    return Caution(
        f"DATABASES[{alias!r}] has replicas and no {name!r} in its OPTIONS: while its server hangs, "
        "whoever connects to it waits for ever.",
        hint=f'Add "OPTIONS": {{"{name}": 2}}, in seconds.',
        id="fleet.W009",
    )
