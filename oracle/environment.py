"""The virtual environment that a Django suite runs in: its Django, its drivers, its test needs.

Stock and ours share it; django-fleet is on PYTHONPATH and only comes in through INSTALLED_APPS.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from oracle.errors import OracleError
from oracle.sources import CACHE

# Of Django's tests/requirements/py3.txt those without which a test of modules.toml is skipped or
# cannot be loaded; then the drivers.
REQUIREMENTS = (
    "argon2-cffi",
    "bcrypt",
    "docutils",
    "jinja2",
    "Pillow",
    "PyYAML",
    "tblib",
    "tzdata",
    "psycopg[binary,pool]",
    "pymysql",
)

# A module of the environment, not a line of the settings: some tests start a Python of their own.
MYSQL_DRIVER = '''"""PyMySQL in the place of mysqlclient, whose number Django asks for."""

import pymysql

pymysql.version_info = (2, 2, 7, "final", 0)
pymysql.install_as_MySQLdb()
'''

PROBE = """
import sqlite3, sys
print("%d.%d" % sys.version_info[:2])
print(sqlite3.sqlite_version)
try:
    import django
except ImportError:
    print()
else:
    print(django.get_version())
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, and the Django that is installed in it ("" for none)."""

    path: str
    python: str  # "3.11"
    sqlite: str  # "3.40.1"
    django: str  # "5.2.19"


def probe_interpreter(path):
    """The interpreter at a path, asked for its versions."""
    try:
        answer = subprocess.run(
            [path, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise OracleError(f"{path} is no Python that runs: {error}.") from error
    return Interpreter(str(path), *answer.stdout.splitlines())


def find_uv():
    """The path of uv: on PATH, beside this Python, or where scripts/setup.py put it; else None."""
    places = [Path(sys.executable).with_name("uv"), *sorted(CACHE.parent.glob("uv-*/uv"))]
    return shutil.which("uv") or next((str(place) for place in places if place.exists()), None)


def run_step(arguments):
    """Run one step of the set-up; its output is shown only when it fails."""
    step = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if step.returncode:
        command = " ".join(map(str, arguments))
        raise OracleError(f"{command} failed:\n{step.stdout}{step.stderr}")


def prepare_environment(interpreter, django, cache=CACHE):
    """The Python of a virtual environment with this Django; made at the first call.

    `django` is a version or the beginning of one: "6.1" is its newest patch release. It is made
    anew when what it must hold has changed.
    """
    wanted = [f"django~={django}.0" if django.count(".") == 1 else f"django=={django}"]
    wanted += REQUIREMENTS
    folder = cache / f"venv-{django}-{interpreter.python}"
    python, mark = folder / "bin" / "python", folder / "oracle-contents.txt"
    contents = "\n".join([*wanted, MYSQL_DRIVER])
    if mark.exists() and mark.read_text() == contents:
        return probe_interpreter(str(python))
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    if uv := find_uv():
        run_step([uv, "venv", "-q", "--python", interpreter.path, folder])
        run_step([uv, "pip", "install", "-q", "--python", python, *wanted])
    else:
        run_step([interpreter.path, "-m", "venv", folder])
        run_step([python, "-m", "pip", "install", "-q", *wanted])
    packages = folder / "lib" / f"python{interpreter.python}" / "site-packages"
    (packages / "MySQLdb.py").write_text(MYSQL_DRIVER)
    mark.write_text(contents)
    return probe_interpreter(str(python))
