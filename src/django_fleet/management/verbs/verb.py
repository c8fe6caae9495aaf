"""What a verb of ``manage.py fleet`` is."""

from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand


@dataclass(frozen=True, slots=True)
class Verb:
    """One sub-command."""

    name: str
    help: str
    example: str
    """A command line that works, shown by ``--help``."""

    add_arguments: Callable[[ArgumentParser], None]

    run: Callable[[BaseCommand, dict[str, Any]], None]
    """Writes to the command's streams; raises ``CommandError`` when something is wrong."""
