"""Where writes go: to the home of what is written, and never to a replica."""

from django.db import connections

from analytics.models import PageView
from catalog.models import Product
from crm.models import Customer
from django_fleet.errors import ReplicaWriteError
from example.tour.step import step


@step("A write on its way to a replica")
def to_a_replica(seen, nodes):
    """By mistake, or in raw SQL: it is refused before it reaches the server.

    The error says where to write instead.
    """
    with seen.refused(ReplicaWriteError):
        Product.objects.using("replica").update(stock=0)
    with seen.refused(ReplicaWriteError), connections["replica"].cursor() as cursor:
        cursor.execute("DELETE FROM catalog_product")
    seen.expect_asked()


@step("Saving what a replica gave")
def what_a_replica_gave(seen, nodes):
    """An object that was read from a replica belongs to the primary, and is saved there."""
    sencha = Product.objects.get(slug="sencha")
    sencha.stock += 10
    sencha.save()
    print("saved to", sencha._state.db)
    seen.expect_asked("replica", "default")
    seen.expect("it belongs to default", sencha._state.db == "default")
    seen.expect("default has it", Product.objects.get(slug="sencha").stock == sencha.stock)


@step("New rows, each to its database")
def to_another_database(seen, nodes):
    """Meta.using sends a page view to analytics.

    Customers live on legacy; the keyword using makes this one for default, where the shop moves
    them one by one.
    """
    view = PageView.objects.create(path="/products/kyusu/", product_number=12)
    customer = Customer(
        number=50, name="Femi Okoye", email="femi@example.com", country="NG", using="default"
    )
    customer.save()
    print(f"page view: {view._state.db}, customer: {customer._state.db}")
    seen.expect_asked("analytics", "default")
    seen.expect("default has customer 50", _is_on("default", number=50))
    seen.expect("legacy has not", not _is_on("legacy", number=50))


@step("Moving a row")
def moved(seen, nodes):
    """Save it to the new database, delete it from the old one.

    force_insert makes sure that no other row has its key there.
    """
    elise = Customer.objects.get(number=44)
    elise.save(using="default", force_insert=True)
    elise.delete(using="legacy")
    print(f"{elise} lives on {elise._state.db}")
    seen.expect_asked("legacy", "default", "legacy", "legacy")
    seen.expect("she is on default", _is_on("default", number=44))
    seen.expect("she is gone from legacy", not _is_on("legacy", number=44))


def _is_on(alias, **lookups):
    return Customer.objects.using(alias).filter(**lookups).exists()
