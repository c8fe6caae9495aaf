"""As whom a server runs: database servers refuse root."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django_fleet.testing.servers.errors import ServerUnavailableError


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this system."""

    name: str
    uid: int
    gid: int

    @property
    def process_options(self) -> dict[str, Any]:
        """Keywords of ``subprocess.Popen`` that make the child run as this user."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_reach(self, path: Path) -> bool:
        """Whether this user may pass through every folder above the path and read the path."""
        path = path.resolve()
        return self._may(path, os.R_OK) and all(self._may(up, os.X_OK) for up in path.parents)

    def _may(self, path: Path, bit: int) -> bool:
        if self.uid == 0:
            return True
        status = path.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode >> 6 & bit)
        if status.st_gid == self.gid:
            return bool(status.st_mode >> 3 & bit)
        return bool(status.st_mode & bit)


def server_account(*preferred: str) -> Account:
    """Ourselves, or for root the first of these users that exists, ``nobody`` last."""
    if os.name != "posix":
        raise ServerUnavailableError(
            "Test servers need signals and users of a POSIX system (Linux, macOS); on Windows run "
            "the tests in WSL or bring your own server with --fleet-dsn-postgresql."
        )
    import pwd  # noqa: PLC0415 (not on Windows, where the message above is shown instead)

    if os.geteuid() != 0:
        uid, gid = os.geteuid(), os.getegid()
        return Account(name=str(uid), uid=uid, gid=gid)
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in (*preferred, "nobody"):
        if name in users:
            return Account(name=name, uid=users[name].pw_uid, gid=users[name].pw_gid)
    raise ServerUnavailableError(
        f"A database server does not run as root, and none of the users {preferred} or 'nobody' "
        "exists here: create one, or run the tests as a plain user."
    )
