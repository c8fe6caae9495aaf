"""The library on an anchor that has all tables, and the same rows scattered over databases."""

from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from importlib import import_module
from unittest import mock

from django.contrib.contenttypes.models import ContentType
from django.db import Error, transaction

from django_fleet.errors import CollationMismatchError
from django_fleet.routing.running import running
from lab.answers import ask, difference
from lab.fleets import Lab
from lab.library.placement import ANCHORS, HERE, LAYOUTS, Scattered, tables
from lab.library.rows import declare_content_types, dump, load

THRESHOLDS = {
    "engine.choice.WORTH": 1,
    "execution.FEW": 1,
    "local.SMALL": 1,
    "lookup.BATCH": 2,
    "lookup.MOST_KEPT": 3,
    "probe.FIRST": 1,
    "probe.GROWTH": 2,
    "probe.MOST": 20,
    "probe.ROW_COST": 0.01,
}
"""From where on another plan pays; so low that a handful of rows reaches it."""


@contextmanager
def tiny_thresholds():
    """Inside, the plans that are made for many rows answer for a few."""
    with ExitStack() as stack:
        for name, value in THRESHOLDS.items():
            module, _, constant = name.rpartition(".")
            found = import_module(f"django_fleet.queries.{module}")
            stack.enter_context(mock.patch.object(found, constant, value))
        yield


@contextmanager
def unconstrained():
    """Inside, tables are made without constraints: rows may name others that are nowhere."""
    with ExitStack() as stack:
        for field in (field for model in tables() for field in model._meta.local_fields):
            if field.is_relation:
                stack.enter_context(mock.patch.dict(vars(field), db_constraint=False))
        yield


class Scatter:
    """One layout on open databases; ``vendors``: alias -> vendor."""

    def __init__(self, router: Scattered, vendors):
        self.router = router
        self.anchors = {vendor: f"{ANCHORS}-{vendor}" for vendor in vendors.values()}
        self.vendors = vendors
        self.loaded = None
        self.asked = self.refused = self.declined = 0

    def create(self, lab):
        """Makes the tables, and writes the content types."""
        lab.create_tables(*tables())
        for alias in (HERE, *self.anchors.values()):
            declare_content_types(alias)

    def has_table(self, alias):
        return lambda model: self.router.home(model) == alias

    def load(self, data):
        """The rows of ``data`` everywhere."""
        if self.loaded is data:
            return
        for alias in self.vendors:
            load(data, alias, self.has_table(alias))
        for alias in self.anchors.values():  # where an order is not determined, the answers differ
            load(data, alias, lambda _: True, step=-1)
        self.loaded = data

    def anchor(self, question):
        """The database that answers right: of the vendor where the question's host is."""
        return self.anchors[self.vendors[self.router.home(question.model)]]

    def judge(self, data, *questions, is_open=False) -> str | None:
        """What is wrong with the fleet's answers; ``None``: nothing.

        Each question is asked of the same rows, unless transactions are open: then changes stay,
        until the end.
        """
        running().sizes.clear()  # an answer does not depend on what was asked before
        ContentType.objects.clear_cache()
        self.load(data)
        before = []
        with self.transactions() if is_open else nullcontext():
            for question in questions:
                if before and self.anchor(question) != self.anchor(before[0]):
                    continue  # the change is not on that anchor
                self.load(data)
                wrong, failed = self._judge(data, question)
                if wrong:
                    return wrong + "".join(f"\n   after: {each.code}" for each in before)
                if question.changes and is_open:
                    before.append(question)
                elif question.changes:
                    self.loaded = None
                if failed and is_open:
                    break  # so are the transactions
        return None

    @contextmanager
    def transactions(self):
        """Open on every database, and rolled back."""
        with ExitStack() as stack:
            aliases = (*self.vendors, *self.anchors.values())
            for alias in aliases:
                stack.enter_context(transaction.atomic(using=alias))
            yield
            for alias in aliases:
                transaction.set_rollback(True, using=alias)

    def _judge(self, data, question):
        self.asked += 1
        anchor = self.anchor(question)
        with self.router.only(anchor):
            expected = ask(question, anchor)
        if expected.is_refusal:
            self.refused += 1
            return None, isinstance(expected.error, Error)
        got = ask(question, home=self.router.home)
        failed = any(isinstance(each.error, Error) for each in (expected, got))
        if self.may_decline(got):
            self.declined += 1
            return None, True
        if question.changes and not expected.error and not got.error:
            expected = replace(expected, tables=dump(anchor, lambda _: True))
            got = replace(got, tables=self.dump())
        wrong = difference(question, expected, got)
        return wrong and self.report(data, question, wrong, expected, got), failed

    def may_decline(self, got):
        """Texts of two vendors have no common order or equality; we say so instead of guessing."""
        is_alike = len(self.anchors) == 1
        return isinstance(got.error, CollationMismatchError) and not is_alike

    def dump(self):
        found = {}
        for alias in self.vendors:
            found |= dump(alias, self.has_table(alias))
        return found

    def report(self, data, question, wrong, expected, got):
        homes = {
            model.__name__: f"{alias} ({self.vendors[alias]})"
            for model, alias in self.router.homes.items()
        }
        return (
            f"{wrong}\n{question.code}\n\nexpected: {expected}\n     got: {got}\n"
            f"\n   homes: {homes}\n    rows: {data!r}"
        )

    def statistics(self):
        return (
            f"{self.asked} questions asked, {self.refused} refused by Django itself, "
            f"{self.declined} by us"
        )


@contextmanager
def opened(lab_on, directory, layout, vendors):
    """Puts a layout in the place of the project's databases: one vendor for each of its aliases.

    ``lab_on`` gives a vendor's servers; SQLite's files are made in ``directory``, and shipped nowhere.
    """
    router = Scattered(layout)
    aliases = sorted(set(LAYOUTS[layout]))
    scatter = Scatter(router, dict(zip(aliases, vendors, strict=True)))
    wanted = scatter.vendors | {alias: vendor for vendor, alias in scatter.anchors.items()}
    entries = {
        alias: {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": directory / alias,
            "OPTIONS": {"init_command": "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"},
        }
        if vendor == "sqlite"
        else lab_on(vendor).entries({alias: {}})[alias]
        for alias, vendor in wanted.items()
    }
    lab = Lab("several", None)
    ContentType.objects.clear_cache()
    with lab.project(entries, routers=["django_fleet.Router", router], FLEET={}):
        scatter.create(lab)
        yield scatter
    ContentType.objects.clear_cache()
