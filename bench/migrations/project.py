"""The project that is migrated: the apps of Django that most projects have, on many databases."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """\
import json, pathlib
DATABASES = json.loads((pathlib.Path(__file__).parent / "databases.json").read_text())
SECRET_KEY = "not a secret"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASE_ROUTERS = ["django_fleet.Router"]
INSTALLED_APPS = [
    "django_fleet",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
]
SILENCED_SYSTEM_CHECKS = ["admin.E403", "admin.E406", "admin.E408", "admin.E409", "admin.E410"]
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    seconds: float
    memory_mb: float
    """Its resident memory at the peak."""


def write(folder: Path, databases: dict[str, Any], *, first: str = "") -> None:
    """Makes the settings module of a project with these databases; ``first`` stands at its head."""
    (folder / "settings_of_project.py").write_text(first + SETTINGS)
    (folder / "databases.json").write_text(json.dumps(databases, default=str))


def begun(folder: Path, *args: str, **options: Any) -> "subprocess.Popen[Any]":
    """One command of Django in a process of its own, with ``options`` of ``Popen``."""
    return subprocess.Popen(
        [sys.executable, "-m", "django", *args],
        cwd=folder,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings_of_project",
            "PYTHONPATH": f"{folder}:{ROOT / 'src'}",
        },
        **options,
    )


def run(folder: Path, *args: str) -> Cost:
    """One command of Django in a process of its own, to its end. Raises where it fails."""
    start = perf_counter()
    process = begun(folder, *args, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, args)
    return Cost(seconds, usage.ru_maxrss / 1024)
