"""One hook: put in once, onto what it knows, keeping the original."""

import sys
from types import ModuleType, SimpleNamespace

import django
import pytest

from django_fleet.errors import UnsupportedDjangoError
from django_fleet.hooks.hook import Hook, is_ours

RUNNING = SimpleNamespace(name="running")


@pytest.fixture
def place(monkeypatch):
    """A module ``stock`` with a class ``Stock``, as Django might have them."""

    class Stock:
        limit = 3

        def method(self, first):
            """Its words."""
            return f"stock {first}"

        @property
        def shown(self):
            return "stock"

        @classmethod
        def make(cls, first):
            return f"stock {first}"

    class Heir(Stock):
        pass

    module = ModuleType("stock")
    module.Stock, module.Heir, module.NAMES = Stock, Heir, ("a",)
    monkeypatch.setitem(sys.modules, "stock", module)
    return module


def calls(original, running):
    def method(self, first):
        return f"{running.name}: {original(self, first)}"

    return method


def hook(attribute="method", make=calls, target="stock.Stock", parameters=(("self", "first"),)):
    return Hook(target, attribute, make, parameters, why="why", until="until")


def test_the_replacement_is_called_and_calls_the_original(place):
    """With the running fleet; the original is kept as ``__wrapped__``."""
    original = place.Stock.method
    hook().install(RUNNING)
    assert place.Stock().method("x") == "running: stock x"
    assert place.Stock.method.__wrapped__ is original
    assert is_ours(place.Stock.method)
    assert not is_ours(original)


def test_a_second_time_changes_nothing(place):
    """The same function stays; it is not wrapped again."""
    hook().install(RUNNING)
    before = place.Stock.method
    hook().install(RUNNING)
    assert place.Stock.method is before


def test_properties_and_class_methods_stay_what_they_are(place):
    """The mark is on the function inside."""

    def shown(original, running):
        return property(lambda self: f"{running.name}: {original.fget(self)}")

    def make(original, running):
        return classmethod(lambda cls, first: f"{running.name}: {original.__func__(cls, first)}")

    originals = dict(vars(place.Stock))
    hook("shown", shown, parameters=(("self",),)).install(RUNNING)
    hook("make", make, parameters=(("cls", "first"),)).install(RUNNING)
    assert place.Stock().shown == "running: stock"
    assert place.Stock.make("x") == "running: stock x"
    assert vars(place.Stock)["shown"].fget.__wrapped__ is originals["shown"]
    assert vars(place.Stock)["make"].__func__.__wrapped__ is originals["make"]
    assert is_ours(vars(place.Stock)["shown"])
    assert is_ours(vars(place.Stock)["make"])


def test_a_value_is_replaced_by_a_value(place):
    """Of a class or of a module; what is not there is ``None``."""
    hook("limit", lambda original, _: original + 1, parameters=()).install(RUNNING)
    hook("NAMES", lambda original, _: (*original, "b"), "stock", ()).install(RUNNING)
    hook("absent", lambda original, _: [original], parameters=()).install(RUNNING)
    assert (place.Stock.limit, place.NAMES, place.Stock.absent) == (4, ("a", "b"), [None])


def test_one_of_several_known_signatures_is_enough(place):
    """One for each release of Django."""
    hook(parameters=(("self", "other"), ("self", "first"))).install(RUNNING)
    assert is_ours(place.Stock.method)


@pytest.mark.parametrize("parameters", [("self",), ("self", "second"), ("first", "self")])
def test_an_unknown_signature_is_refused(place, parameters):
    """Class, attribute, Django's version, what was found and expected; nothing is put in."""
    original = place.Stock.method
    with pytest.raises(UnsupportedDjangoError) as caught:
        hook(parameters=(parameters, ("self", "third"))).install(RUNNING)
    text = str(caught.value)
    assert f"Stock.method of Django {django.get_version()}" in text
    assert f"it takes (self, first), expected ({', '.join(parameters)}) or (self, third)" in text
    assert place.Stock.method is original


@pytest.mark.parametrize(
    ("attribute", "target"),
    [
        ("gone", "stock.Stock"),
        ("limit", "stock.Stock"),
        ("method", "stock.Heir"),
        ("method", "stock.Gone"),
        ("method", "stock_that_is_gone.Stock"),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_place_that_is_gone_is_refused(attribute, target):
    """A function that became a value, moved to another class, or is not there at all."""
    with pytest.raises(UnsupportedDjangoError) as caught:
        hook(attribute, target=target).install(RUNNING)
    assert f"{target.rpartition('.')[2]}.{attribute}" in str(caught.value)
    assert django.get_version() in str(caught.value)


@pytest.mark.parametrize(
    ("target", "name"), [("a.b.QuerySet", "QuerySet.db"), ("options", "options.db")]
)
def test_a_hook_is_called_by_class_and_attribute(target, name):
    """Short enough for a table."""
    assert Hook(target, "db", calls).name == name
