"""A project in a folder of its own, whose commands run as processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """\
import json, pathlib
try:
    import pymysql
    pymysql.install_as_MySQLdb()
except ImportError:
    pass
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


class Project:
    """Settings with these databases, and the apps of Django that most projects have."""

    def __init__(self, folder, entries):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "settings_of_project.py").write_text(SETTINGS)
        (folder / "databases.json").write_text(json.dumps(entries, default=str))

    def start(self, *args):
        """A command, begun."""
        return subprocess.Popen(
            [sys.executable, "-m", "django", *args],
            cwd=self.folder,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "settings_of_project",
                "PYTHONPATH": f"{self.folder}:{ROOT / 'src'}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *args, timeout_s=120):
        """Exit status and output of a command."""
        process = self.start(*args)
        out, _ = process.communicate(timeout=timeout_s)
        return process.returncode, out
