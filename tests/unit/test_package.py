"""``import django_fleet``: next to nothing until a name is used."""

import json
import subprocess
import sys

import pytest

import django_fleet


def fresh(code):
    """What ``code`` prints as JSON in an interpreter of its own, without settings."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    return json.loads(done.stdout)


def test_importing_the_package_imports_nothing_else():
    """Neither Django nor anything of ours."""
    loaded = fresh(
        "before = set(sys.modules)\nimport django_fleet\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert "django_fleet" in loaded
    assert [name for name in loaded if name.partition(".")[0] == "django"] == []
    assert [name for name in loaded if name.startswith("django_fleet.")] == []


def test_the_router_can_be_imported_before_django_is_set_up():
    """As settings and tools do it; no model is loaded for it, and no settings are read."""
    loaded = fresh(
        "from django_fleet import Router, using\n"
        "print(json.dumps([name for name in sys.modules if name == 'django.db.models']))"
    )
    assert loaded == []


@pytest.mark.parametrize("name", django_fleet.__all__)
def test_every_public_name_is_there(name):
    """It is what it is called, and kept once it was asked for."""
    value = getattr(django_fleet, name)
    assert value.__name__ == name
    assert vars(django_fleet)[name] is value


def test_the_public_names_are_sorted_and_listed():
    """``dir()`` shows them before they were used."""
    assert sorted(django_fleet.__all__) == django_fleet.__all__
    assert set(django_fleet.__all__) <= set(dir(django_fleet))
    assert fresh("import django_fleet\nprint(json.dumps(dir(django_fleet)))") == sorted(
        {*fresh("import django_fleet\nprint(json.dumps(list(vars(django_fleet))))")}
        | {*django_fleet.__all__}
    )


def test_a_star_import_takes_the_public_names():
    """And nothing else."""
    taken = {}
    exec("from django_fleet import *", taken)
    assert set(taken) - {"__builtins__"} == set(django_fleet.__all__)


def test_a_name_that_is_not_public_is_no_attribute():
    """The error is Python's own."""
    with pytest.raises(AttributeError, match="'django_fleet' has no attribute 'nonsense'"):
        _ = django_fleet.nonsense
