"""Migrations for an app of the lab that has none, written into a folder of the test's own."""

import importlib
import sys
from contextlib import contextmanager
from textwrap import dedent, indent

from django.test.utils import override_settings

HEADER = """\
from django.db import migrations, models
from django.db.migrations import *

{code}

class Migration(migrations.Migration):
"""

FIRST = """
operations = [CreateModel("Tool", [("id", models.BigAutoField(primary_key=True)),
                                   ("name", models.CharField(max_length=20))])]
"""
SECOND = """
dependencies = [("shop", "0001_tools")]
operations = [AddField("tool", "size", models.IntegerField(default=1))]
"""
TOOLS = {"0001_tools": FIRST, "0002_sizes": SECOND}
"""Two migrations of the app shop."""


@contextmanager
def history(folder, files, app="shop", code=""):
    """Inside, the migrations of ``app`` are ``files``: name -> body of the class, behind ``code``."""
    package = folder / f"history_{app}"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    for name, body in files.items():
        (package / f"{name}.py").write_text(
            HEADER.format(code=code) + indent(dedent(body).strip(), "    ") + "\n"
        )
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        with override_settings(MIGRATION_MODULES={app: package.name}):
            yield package
    finally:
        sys.path.remove(str(folder))
        for name in [each for each in sys.modules if each.startswith(package.name)]:
            del sys.modules[name]
        importlib.invalidate_caches()


def after(name, operations):
    """The body of a migration of shop that follows ``name``."""
    return f'dependencies = [("shop", "{name}")]\noperations = [{operations}]'
