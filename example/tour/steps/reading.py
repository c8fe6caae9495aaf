"""Which database answers a read, and what it may leave out."""

from django.db import connections, transaction

import django_fleet as fleet
from analytics.models import PageView
from catalog.models import Product
from crm.models import Customer
from example.tour.step import step
from orders.models import Order


@step("A read after a write")
def after_a_write(seen, nodes):
    """What a unit of work wrote, it reads back from the primary.

    The middleware makes each request one unit of work; the next request reads from the replica
    again.
    """
    with fleet.unit_of_work():
        order = Order.objects.create(customer_number=7)
        Order.objects.get(pk=order.pk)
        seen.why(Order)
    nodes.catch_up()
    with fleet.unit_of_work():
        found = Order.objects.get(pk=order.pk)
        seen.why(Order)
    print(found)
    seen.expect_asked("default", "default", "replica")
    seen.expect("it is the same order", found == order)


@step("The next request")
def in_the_next_request(seen, nodes):
    """A token takes along what was seen: the middleware does it in a cookie.

    While the replica is behind, the primary answers; afterwards the replica does.
    """
    with nodes.replica_behind():
        with fleet.unit_of_work():
            order = Order.objects.create(customer_number=8)
            token = fleet.token()
        with fleet.unit_of_work():
            fleet.resume(token)
            found = [Order.objects.get(pk=order.pk)]
            seen.why(Order)
    with fleet.unit_of_work():
        fleet.resume(token)
        found.append(Order.objects.get(pk=order.pk))
        seen.why(Order)
    seen.expect_asked("default", "default", "replica")
    seen.expect("it is the same order", found == [order, order])


@step("A row that the replica does not have yet")
def not_there_yet(seen, nodes):
    """Here the replica is held back.

    Whoever asks for "eventual" consistency misses the new row; with "session", which is what you
    get when you say nothing, it is there.
    """
    ware = Product.objects.get(slug="gaiwan").category
    with nodes.replica_behind(), fleet.unit_of_work():
        Product.objects.create(name="Chasen", slug="chasen", category=ware, price="16.00")
        with fleet.consistency("eventual"):
            eventual = Product.objects.filter(slug="chasen").exists()
            seen.why(Product)
        session = Product.objects.filter(slug="chasen").exists()
        seen.why(Product)
    print(f"eventual: {eventual}, session: {session}")
    seen.expect_asked("replica", "replica", "default", "replica", "default")
    seen.expect("the replica did not have it", eventual is False)
    seen.expect("the session saw it", session is True)


@step("Reads inside a transaction")
def in_a_transaction(seen, nodes):
    """In atomic() even a first read asks the primary.

    So all of the transaction sees one database. Outside of it the replica answers.
    """
    Product.objects.get(slug="assam")
    with transaction.atomic():
        assam = Product.objects.select_for_update().get(slug="assam")
        print(f"{assam}: {assam.stock} in stock")
        seen.why(Product)
    seen.expect_asked("replica", "default")
    seen.expect("the row is there", assam.slug == "assam")


@step("Two databases by hand")
def by_hand(seen, nodes):
    """What was looked at most is counted on analytics, and named by the catalogue.

    Each alias also has its cursor, as ever.
    """
    counted = PageView.objects.most_viewed(3)
    products = Product.objects.in_bulk([number for number, views in counted])
    for number, views in counted:
        print(f"{products[number]}: {views} views")
    with connections["legacy"].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM crm_customer")
        (customers,) = cursor.fetchone()
    seen.expect_asked("analytics", "replica", "legacy")
    seen.expect("most looked at: Sencha", products[counted[0][0]].slug == "sencha")
    seen.expect("the cursor counts legacy", customers == Customer.objects.count())
