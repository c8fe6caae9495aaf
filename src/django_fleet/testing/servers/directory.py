"""The temporary folder in which all files of one set of servers lie."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from django_fleet.testing.servers.account import Account

# A unix socket's path may not be longer than 107 bytes (103 on macOS); the rest is for our names.
_LONGEST_PARENT = 60


def make_directory(account: Account, *, purpose: str) -> Path:
    """A new folder (0700) that belongs to the account and that it can reach.

    ``/tmp`` is taken where the system's choice (``$TMPDIR``) lies in somebody's private home.
    """
    parent = Path(tempfile.gettempdir())
    if not account.can_reach(parent) or len(os.fsencode(parent)) > _LONGEST_PARENT:
        parent = Path("/tmp")  # noqa: S108 (mkdtemp makes it private)
    directory = Path(tempfile.mkdtemp(prefix=f"django-fleet-{purpose}-", dir=parent)).resolve()
    _give(directory, account)
    return directory


def make_folder(path: Path, account: Account) -> Path:
    """The folder, made (0700) for the account where it is not there yet."""
    path.mkdir(mode=0o700, exist_ok=True)
    _give(path, account)
    return path


def remove_directory(directory: Path) -> None:
    """Remove the folder with all that it holds; what is gone already is no error."""
    shutil.rmtree(directory, ignore_errors=True)


def copy_directory(source: Path, target: Path, *, account: Account) -> None:
    """A copy that belongs to the account, modes and links kept."""
    subprocess.run(
        ["cp", "-a", str(source), str(target)], check=True, cwd="/", **account.process_options
    )


def _give(path: Path, account: Account) -> None:
    if account.uid != os.geteuid():
        os.chown(path, account.uid, account.gid)
