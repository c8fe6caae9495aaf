"""Statement E4: deleting a parent handles its children in other databases by their ``on_delete``."""

from contextlib import ExitStack

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.db.models import ProtectedError, RestrictedError
from django.db.models.signals import post_delete, pre_delete

from lab.fleets import statements
from lab.trade.models import (
    Card,
    Client,
    Club,
    Coupon,
    Invoice,
    Line,
    Order,
    Product,
    Remark,
    Ticket,
    Visit,
    Voucher,
)

LAYOUT = {"default": {}, "people": {}, "stock": {}}
PLACEMENTS = {
    "clients apart": {"trade.Client": "people"},
    "all apart": {
        "trade.Client": "people",
        "trade.Card": "stock",
        "trade.Line": "stock",
        "trade.Product": "people",
        "trade.Invoice": "stock",
        "trade.Club": "stock",
        "trade.Coupon": "stock",
    },
}


@pytest.fixture(params=PLACEMENTS)
def trade(lab, request):
    """The same shop, its tables where a placement says."""
    with lab.fleet(LAYOUT, PLACEMENT=PLACEMENTS[request.param]):
        ContentType.objects.clear_cache()
        lab.create_tables(ContentType, *apps.get_app_config("trade").get_models())
        write()
        yield lab
    ContentType.objects.clear_cache()


@pytest.fixture(params=[("sqlite", "postgresql", "mariadb"), ("mariadb", "sqlite", "postgresql")])
def mixed(lab_on, request):
    """The same over three vendors."""
    layout = {
        alias: {"on": lab_on(vendor)} for alias, vendor in zip(LAYOUT, request.param, strict=True)
    }
    lab = lab_on(request.param[0])
    with lab.fleet(layout, PLACEMENT=PLACEMENTS["all apart"]):
        ContentType.objects.clear_cache()
        lab.create_tables(ContentType, *apps.get_app_config("trade").get_models())
        write()
        yield lab
    ContentType.objects.clear_cache()


def write():
    for key, email in enumerate(("house", "eco", "woolf"), 1):
        client = Client.objects.create(pk=key, name=email.title(), email=email)
        Card.objects.create(client=client)
        Visit.objects.create(client=client)
        Remark.objects.create(target=client, text="a remark")
        for model in (Coupon, Voucher, Ticket):
            model.objects.create(client=client)
    paper = Product.objects.create(name="paper")
    for client_id in (2, 3):
        for number in (1, 2):
            order = Order.objects.create(client_id=client_id, number=number)
            Line.objects.create(order=order, product=paper)
    club = Club.objects.create(name="readers")
    club.members.set(Client.objects.all())


def counts():
    found = {model.__name__: model.objects.count() for model in (Client, Card, Order, Line, Remark)}
    return found | {"members": Club.members.through.objects.count()}


def delete_eco():
    return Client.objects.get(email="eco").delete()


ALL_OF_ECO = {
    "trade.Client": 1,
    "trade.Card": 1,
    "trade.Order": 2,
    "trade.Line": 2,
    "trade.Remark": 1,
    "trade.Club_members": 1,
}
LEFT = {"Client": 2, "Card": 2, "Order": 2, "Line": 2, "Remark": 2, "members": 2}


def leave_no_visit():
    Visit.objects.filter(client_id=2).delete()


def test_e4_an_object_goes_with_all_that_depends_on_it(trade):
    """Through all databases, with the counts that one database gives."""
    leave_no_visit()
    assert delete_eco() == (8, ALL_OF_ECO)
    assert counts() == LEFT


def test_e4_over_three_vendors(mixed):
    """SQLite, PostgreSQL and MariaDB in one cascade."""
    leave_no_visit()
    assert delete_eco() == (8, ALL_OF_ECO)
    assert counts() == LEFT


def test_e4_a_queryset_goes_with_all_that_depends_on_it(trade):
    """Also when it was filtered over the boundary."""
    leave_no_visit()
    deleted = Client.objects.filter(orders__number=1, email="eco").delete()
    assert deleted == (8, ALL_OF_ECO)
    assert counts() == LEFT


def test_e4_set_null_default_and_value(trade):
    """Rows that stay lose the parent, or get another."""
    leave_no_visit()
    delete_eco()
    assert sorted(Coupon.objects.values_list("pk", "client_id")) == [(1, 1), (2, None), (3, 3)]
    assert sorted(Voucher.objects.values_list("pk", "client_id")) == [(1, 1), (2, 1), (3, 3)]
    assert sorted(Ticket.objects.values_list("pk", "client_id")) == [(1, 1), (2, 1), (3, 3)]


def test_e4_protect_refuses_before_anything_is_gone(trade):
    """The objects that protect are named."""
    with pytest.raises(ProtectedError) as refused:
        Product.objects.get().delete()
    assert {type(each) for each in refused.value.protected_objects} == {Line}
    assert Product.objects.count() == 1


def test_e4_restrict_refuses_unless_the_restricting_rows_go_too(trade):
    """An invoice restricts its order, but not the client that both belong to."""
    leave_no_visit()
    order = Order.objects.get(client_id=2, number=1)
    Invoice.objects.create(client_id=2, order=order)
    with pytest.raises(RestrictedError):
        order.delete()
    assert delete_eco() == (9, ALL_OF_ECO | {"trade.Invoice": 1})


def test_e4_do_nothing_leaves_the_row(lab):
    """Over a boundary no database refuses: the row is an orphan, as the option says."""
    with lab.fleet(LAYOUT, PLACEMENT=PLACEMENTS["clients apart"]):
        ContentType.objects.clear_cache()
        lab.create_tables(ContentType, *apps.get_app_config("trade").get_models())
        write()
        delete_eco()
        assert Visit.objects.filter(client_id=2).count() == 1
    ContentType.objects.clear_cache()


def test_e4_signals_name_the_database_of_each_object(trade):
    """Those of deleted objects; each is sent once before and once after."""
    leave_no_visit()
    homes = {
        model._meta.label: connections[model.objects.all().db].alias
        for model in (Client, Card, Line)
    }
    sent = []

    def listen(sender, using, signal, origin, **kwargs):
        if sender._meta.label in homes:
            sent.append((sender._meta.label, using, signal is pre_delete, type(origin)))

    for signal in (pre_delete, post_delete):
        signal.connect(listen)
    try:
        delete_eco()
    finally:
        for signal in (pre_delete, post_delete):
            signal.disconnect(listen)
    expected = [("trade.Client", 1), ("trade.Card", 1), ("trade.Line", 2)]
    assert sorted(sent) == sorted(
        (label, homes[label], before, Client)
        for label, times in expected
        for before in (True, False)
        for _ in range(times)
    )


def test_e4_an_error_leaves_everything(trade):
    """Every database rolls back what it had done."""
    leave_no_visit()
    before = counts()

    def fail(**kwargs):
        raise RuntimeError("not today")

    post_delete.connect(fail, sender=Client)
    try:
        with pytest.raises(RuntimeError, match="not today"):
            delete_eco()
    finally:
        post_delete.disconnect(fail, sender=Client)
    assert counts() == before


@pytest.mark.parametrize("commits", [True, False])
def test_e4_inside_a_transaction_nothing_is_lost(trade, commits):
    """Databases without a transaction wait for the end of the one around; the counts are known before."""
    leave_no_visit()
    before = counts()
    coupons = sorted(Coupon.objects.values_list("pk", "client_id"))
    home = Client.objects.all().db
    with transaction.atomic(using=home):
        assert delete_eco() == (8, ALL_OF_ECO)
        transaction.set_rollback(not commits, using=home)
    if commits:
        assert counts() == LEFT
        assert (2, None) in Coupon.objects.values_list("pk", "client_id")
    else:
        assert counts() == before
        assert sorted(Coupon.objects.values_list("pk", "client_id")) == coupons


def test_e4_inside_transactions_on_all_it_is_done_at_once(trade):
    """Whoever opened them decides over all."""
    leave_no_visit()
    with ExitStack() as stack:
        for alias in LAYOUT:
            stack.enter_context(transaction.atomic(using=alias))
        delete_eco()
        assert counts() == LEFT


def test_e4_many_children_take_few_statements(lab):
    """Rows that nothing depends on go by one statement; keys travel in batches of their database."""
    with lab.fleet(LAYOUT, PLACEMENT={"trade.Client": "people", "trade.Line": "stock"}):
        ContentType.objects.clear_cache()
        lab.create_tables(ContentType, *apps.get_app_config("trade").get_models())
        client = Client.objects.create(pk=7, name="Much", email="much")
        product = Product.objects.create(name="paper")
        orders = Order.objects.bulk_create(Order(client=client, number=n) for n in range(1200))
        Line.objects.bulk_create(Line(order=order, product=product) for order in orders)
        with statements() as asked:
            assert client.delete()[1]["trade.Line"] == 1200
        assert len([sql for alias, sql in asked if alias == "stock"]) < 20
    ContentType.objects.clear_cache()


def test_c2_a_cascade_stays_where_the_caller_said(lab):
    """``delete(using=)`` takes the object, its parents and children from there, and only there."""
    with lab.fleet(LAYOUT, PLACEMENT={"trade.Card": "people"}):
        ContentType.objects.clear_cache()
        lab.create_tables(ContentType, *apps.get_app_config("trade").get_models())
        for alias in ("default", "stock"):
            client = Client(pk=1, name="Eco", email="eco", using=alias)
            client.save()
            Order(client=client, number=1).save(using=alias)
        Card.objects.create(client_id=1)
        client = Client.objects.using("default").get()
        assert client.delete(using="stock")[1] == {
            "trade.Client": 1,
            "trade.Order": 1,
            "trade.Card": 1,
        }
        assert Client.objects.using("default").count() == 1
        assert Order.objects.using("default").count() == 1
        assert not Order.objects.using("stock").exists()
    ContentType.objects.clear_cache()
