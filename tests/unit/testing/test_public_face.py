"""The names of ``django_fleet.testing`` and the cost of having them."""

import os
import subprocess
import sys

import pytest

from django_fleet import testing

IMPORT_PLUGIN = """
import sys, django_fleet
before = set(sys.modules)
import django_fleet.testing.plugin
new = set(sys.modules) - before
print(*sorted({name.partition('.')[0] for name in new}))
print(*sorted(name for name in new if 'fleet' in name))
"""


def test_every_public_name_is_there_and_documented():
    """``__all__`` is the face, sorted, and each name says what it gives."""
    assert testing.__all__ == sorted(testing.__all__)
    assert set(dir(testing)) == set(testing.__all__)
    for name in testing.__all__:
        assert getattr(testing, name).__doc__


def test_another_name_is_an_attribute_error():
    """As with any module."""
    with pytest.raises(AttributeError, match="no attribute 'OracleServers'"):
        _ = testing.OracleServers


def test_the_plugin_brings_neither_drivers_nor_servers():
    """It is loaded in every test run of every project that has django-fleet installed."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            IMPORT_PLUGIN,
        ],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    packages, ours = (line.split() for line in done.stdout.splitlines())
    assert not {"django", "psycopg", "pymysql", "sqlite3"} & set(packages)
    assert ours == ["django_fleet.testing", "django_fleet.testing.plugin"]
