"""The exceptions: a tree that is drawn as it is, and messages that say how to go on."""

import inspect
import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db.utils import DatabaseError, NotSupportedError, OperationalError
from django.utils.connection import ConnectionDoesNotExist

from django_fleet import errors

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and value.__module__.startswith(errors.__name__)
]
STOCK = {
    "ImproperlyConfigured": ImproperlyConfigured,
    "ConnectionDoesNotExist": ConnectionDoesNotExist,
    "CommandError": CommandError,
    "ValueError": ValueError,
    "NotSupportedError": NotSupportedError,
    "DatabaseError": DatabaseError,
    "OperationalError": OperationalError,
}


def drawn_bases():
    """Class name -> names of its bases, as the docstring of the module draws them."""
    found, above = {}, []
    for line in errors.__doc__.splitlines():
        match = re.match(r"    ([│├└─ ]*)(\w+Error)(?:\s+\(also (\w+)\))?$", line)
        if match:
            depth = len(match[1]) // 4
            bases = ([above[depth - 1]] if depth else []) + ([match[3]] if match[3] else [])
            found[match[2]] = bases
            above[depth:] = [match[2]]
    return found


def test_the_public_names_are_all_of_them():
    """Every class and function of the module, sorted."""
    public = [cls.__name__ for cls in CLASSES] + ["counted", "listed"]
    assert errors.__all__ == sorted(public)


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 rows"), (1, "1 row"), (1_200, "1,200 rows")]
)
def test_numbers_in_words(number, expected):
    """One is one."""
    assert errors.counted(number, "row") == expected


def test_the_drawn_tree_is_the_tree():
    """Every class with its base of ours, and Django's or Python's where it has one."""
    bases = {
        cls.__name__: [base.__name__ for base in cls.__bases__ if base is not Exception]
        for cls in CLASSES
    }
    assert drawn_bases() == bases


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_says_what_it_is(cls):
    """A docstring of its own, a code of its own, a name that ends in Error."""
    assert cls.__doc__ is not None
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", vars(cls)["code"])
    assert cls.__name__.endswith("Error")
    assert issubclass(cls, errors.FleetError)


def test_codes_are_unique():
    """Two classes share one: they are the same mistake, met in two places."""
    codes = {}
    for cls in CLASSES:
        codes.setdefault(cls.code, set()).add(cls.__name__)
    shared = [names for names in codes.values() if len(names) > 1]
    assert shared == [{"UnknownDatabaseError", "MissingConnectionError"}]


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            errors.UnplacedModelError("shop.Tag", ["a", "b"]),
            ["shop.Tag", 'FLEET["PLACEMENT"] = {"shop": "<alias>"}', "Meta", "'a', 'b'"],
        ),
        (
            errors.EmptyDefaultError(["a", "b"]),
            ["DATABASES['default'] is empty", "--database=<alias>", 'using="<alias>"', "'a', 'b'"],
        ),
        (errors.NotInstalledError(), ["DATABASE_ROUTERS", "INSTALLED_APPS", "Add it"]),
        (
            errors.UnknownDatabaseError("x", place="fleet.using()", aliases=["a", "b"]),
            ["'x' doesn't exist", "fleet.using() names it", "'a', 'b'"],
        ),
        (
            errors.MissingConnectionError("The connection 'x' doesn't exist.", aliases=["a"]),
            ["The connection 'x' doesn't exist. The databases are 'a'."],
        ),
        (
            errors.UnknownConsistencyError("x", place="here", levels=["a", "b"]),
            ["here asks for consistency 'x'", "'a', 'b'"],
        ),
        (
            errors.ReplicaWriteError("b", "a", what="INSERT"),
            ["INSERT was sent to 'b'", "a replica of 'a'", "Write to 'a' instead", 'using="a"'],
        ),
        (
            errors.ReadOnlyError("b", what="INSERT"),
            ["INSERT was sent to 'b' inside fleet.read_only()", "Move it out of the block"],
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_message_names_place_value_and_remedy(error, parts):
    """In one paragraph that ends."""
    for part in parts:
        assert part in str(error)
    assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            errors.FederationLimitError(
                "shop.Book.author",
                home="crm",
                host="default",
                limit=10_000,
                unit="rows",
                setting="MAX_SHIPPED_ROWS",
            ),
            ["shop.Book.author", "10,000 rows", "'crm'", "'default'", "fleet.limits(rows=...)"],
        ),
        (
            errors.FederationBudgetError("shop.Book", rows=2_000, budget=1_000),
            ["shop.Book", "2,000 rows", "1,000", "SHIPPED_ROWS_BUDGET"],
        ),
        (
            errors.PacketTooLargeError(
                "shop.Author.name",
                home="crm",
                host="default",
                size=20_000_000,
                limit=16_000_000,
                setting="packet",
            ),
            [
                "shop.Author.name",
                "20,000,000 bytes",
                "'crm'",
                "'default'",
                "16,000,000",
                "raise packet",
            ],
        ),
        (errors.InvalidLagError("max_lag=-1"), ["max_lag=-1", "max_lag=5.0"]),
        (errors.InvalidLimitError("rows=-1"), ["rows=-1", "fleet.limits(rows=50_000)"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_message_about_what_travels_names_both_databases_and_the_number(error, parts):
    """In one paragraph that ends."""
    for part in parts:
        assert part in str(error)
    assert str(error).endswith(".")


def test_what_an_error_is_about_can_be_asked():
    """Without reading its text."""
    assert errors.UnplacedModelError("shop.Tag", []).label == "shop.Tag"
    unknown = errors.UnknownDatabaseError("x", place="here", aliases=[])
    assert (unknown.alias, unknown.place) == ("x", "here")
    refused = errors.ReplicaWriteError("b", "a", what="INSERT")
    assert (refused.alias, refused.primary) == ("b", "a")
    assert errors.ReadOnlyError("b", what="INSERT").alias == "b"


@pytest.mark.parametrize("name", sorted(STOCK))
def test_code_that_catches_django_s_errors_catches_ours(name):
    """Each stock class has at least one of ours below it."""
    assert any(issubclass(cls, STOCK[name]) for cls in CLASSES)


@pytest.mark.parametrize(
    ("names", "text"),
    [([], "(none)"), (["a"], "'a'"), (["b", "a"], "'b', 'a'"), (("it's",), '"it\'s"')],
)
def test_a_list_of_names(names, text):
    """Quoted, in the order given."""
    assert errors.listed(names) == text
