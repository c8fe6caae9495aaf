"""Statement E3, in the schema: no constraint where none can be, an index all the same."""

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connections, models, transaction
from django.db.migrations.state import ProjectState

from lab.fleets import statements
from lab.trade.models import Client, Club, Line, Order, Product

LAYOUT = {"default": {}, "people": {}}
APART = {"trade.Client": "people"}


def trade_models():
    return [ContentType, *apps.get_app_config("trade").get_models()]


def constraints(model, alias="default"):
    with connections[alias].cursor() as cursor:
        return connections[alias].introspection.get_constraints(cursor, model._meta.db_table)


def foreign_keys(model, alias="default"):
    """The columns with a constraint."""
    return {
        column
        for each in constraints(model, alias).values()
        if each["foreign_key"]
        for column in each["columns"]
    }


def indexed(model, alias="default"):
    """The columns that an index begins with."""
    return {each["columns"][0] for each in constraints(model, alias).values() if each["index"]}


@pytest.fixture
def apart(lab):
    with lab.fleet(LAYOUT, PLACEMENT=APART):
        lab.create_tables(*trade_models())
        yield lab


def test_e3_created_tables(apart):
    """Inside a database everything stays as Django makes it."""
    assert foreign_keys(Order) == set()
    assert foreign_keys(Line) == {"order_id", "product_id"}
    assert foreign_keys(Club.members.through) == {"club_id"}
    assert "client_id" in indexed(Club.members.through)
    Order.objects.create(client_id=77, number=1)  # nobody watches: see fleet orphans
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.create(order_id=77, product_id=77)
        connections["default"].check_constraints()


def contributed(model, name, field):
    """``field`` as the schema editor gets it, on a model of a migration."""
    state = ProjectState.from_apps(apps)
    state.add_field(
        model._meta.app_label, model._meta.model_name, name, field, preserve_default=True
    )
    made = state.apps.get_model(model._meta.label)
    return made, made._meta.get_field(name)


def test_e3_added_and_altered_columns(apart):
    """A column to a table elsewhere gets an index, one that is altered keeps it."""
    field = models.ForeignKey(Client, models.CASCADE, null=True, related_name="+")
    model, field = contributed(Product, "buyer", field)
    with connections["default"].schema_editor() as editor:
        editor.add_field(model, field)
    assert foreign_keys(Product) == set()
    assert "buyer_id" in indexed(Product)
    other = models.ForeignKey(Client, models.SET_NULL, null=True, unique=True, related_name="+")
    model, other = contributed(Product, "buyer", other)
    with connections["default"].schema_editor() as editor:
        editor.alter_field(model, field, other)
    assert foreign_keys(Product) == set()


def test_e3_a_column_that_leads_back_into_the_database(apart):
    """Altered to another model, a relation gets its constraint, and loses it again."""
    model, away = contributed(Product, "link", models.ForeignKey(Client, models.CASCADE, null=True))
    _, home = contributed(Product, "link", models.ForeignKey(Order, models.CASCADE, null=True))
    with connections["default"].schema_editor() as editor:
        editor.add_field(model, away)
    with connections["default"].schema_editor() as editor:
        editor.alter_field(model, away, home)
    assert foreign_keys(Product) == {"link_id"}
    with connections["default"].schema_editor() as editor:
        editor.alter_field(model, home, away)
    assert foreign_keys(Product) == set()


def test_e3_migrations_stay_the_same(apart):
    """What a field says of itself does not change, while a schema is edited either."""
    field = Order._meta.get_field("client")
    with connections["default"].schema_editor() as editor:
        assert "db_constraint" not in field.deconstruct()[3]
        editor.alter_field(Order, field, field)
    assert field.db_constraint
    assert field.clone().db_constraint


def test_e3_a_changed_placement_drops_what_it_left(lab, capsys):
    """The next ``migrate`` does: new rows point to the new home, and the old table would refuse them."""
    entries = lab.entries(LAYOUT)
    with lab.project(entries):
        lab.create_tables(*trade_models())
        assert foreign_keys(Order) == {"client_id"}
        assert "client_id" in foreign_keys(Club.members.through)
    with lab.project(entries, FLEET={"PLACEMENT": APART}):
        client = Client.objects.create(name="Eco", email="eco")
        call_command("migrate", "contenttypes", database="default", verbosity=1, fake=True)
        assert foreign_keys(Order) == set()
        assert foreign_keys(Club.members.through) == {"club_id"}
        assert foreign_keys(Line) == {"order_id", "product_id"}
        assert "Dropped the constraint of trade.Order.client" in capsys.readouterr().out
        Order.objects.create(client=client, number=1)
        with statements() as asked:
            call_command("migrate", "contenttypes", database="default", verbosity=0, fake=True)
        assert not [sql for _, sql in asked if sql.startswith("ALTER")]
