"""Which modules a measure runs."""

import pytest
from oracle.errors import OracleError
from oracle.modules import LISTS, chosen_modules


@pytest.fixture
def tests(tmp_path):
    """A folder like Django's tests/, with the modules of all lists."""
    for module in {module for modules in LISTS.values() for module in modules}:
        (tmp_path / module).mkdir()
        (tmp_path / module / "__init__.py").touch()
    return tmp_path


def test_a_list_stands_for_its_modules_in_its_order(tests):
    """Names of lists and of modules mix; each module runs once."""
    expected = [*LISTS["scattered"], "basic"]
    assert chosen_modules(["scattered", "basic", "queries"], tests) == expected


def test_an_unknown_name_is_refused(tests):
    """It is neither a list nor a module; the message names the lists."""
    with pytest.raises(OracleError, match=r"qeries.*scattered"):
        chosen_modules(["basic", "qeries"], tests)


def test_the_lists_hold_what_was_promised():
    """At least 29 modules installed, ten scattered, and everyday is a part of installed."""
    assert len(LISTS["installed"]) >= 29
    assert len(LISTS["scattered"]) == 10
    assert set(LISTS["everyday"]) < set(LISTS["installed"])


@pytest.mark.parametrize("name", LISTS)
def test_a_list_names_each_module_once(name):
    """A module twice in a list would hide a slip."""
    assert len(LISTS[name]) == len(set(LISTS[name]))


def test_the_further_list_repeats_nothing_of_installed():
    """`installed,orm` is the union of two lists without an overlap."""
    assert not set(LISTS["orm"]) & set(LISTS["installed"])
