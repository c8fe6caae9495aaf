"""Migrations that a test writes, in the place of those of a lab app."""

import importlib
import itertools
import sys
import textwrap
from contextlib import contextmanager

from django.test.utils import override_settings

_numbers = itertools.count()

ID = 'models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")'
"""The key that Django gives to models that have none."""

HEAD = """
from django.db import migrations, models
from django.db.models import Q

class Migration(migrations.Migration):
"""

CRM = f"""
    operations = [
        migrations.CreateModel("Customer", [
            ("id", {ID}),
            ("name", models.CharField(max_length=100)),
        ]),
        migrations.CreateModel("Call", [
            ("id", {ID}),
            ("number", models.CharField(max_length=100)),
        ]),
    ]
"""
"""The body of the first migration of ``crm``."""


def after(name, *operations, body=""):
    """The body of a migration of ``crm`` that follows ``name``."""
    listed = "".join(f"        {each},\n" for each in operations)
    return f"    dependencies = [('crm', {name!r})]\n    operations = [\n{listed}    ]\n{body}"


@contextmanager
def migration_files(folder, label="crm", **bodies):
    """Inside, the migrations of an app are these: name -> body of the class, or a whole module."""
    package = f"migrations_{next(_numbers)}"
    place = folder / package
    place.mkdir()
    (place / "__init__.py").write_text("")
    for name, body in bodies.items():
        text = body if "class Migration" in body else HEAD + body
        (place / f"{name.removeprefix('m')}.py").write_text(textwrap.dedent(text))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        with override_settings(MIGRATION_MODULES={label: package}):
            yield place
    finally:
        sys.path.remove(str(folder))
        for name in [each for each in sys.modules if each.split(".")[0] == package]:
            del sys.modules[name]
