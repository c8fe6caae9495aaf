"""Blocks: what they say holds for the code inside, and for querysets that were built there."""

import django_fleet as fleet
from catalog.models import Product
from crm.models import Customer
from django_fleet.errors import ReadOnlyError
from example.tour.step import step


@step("Reads from the primary")
def from_primaries(seen, nodes):
    """A block of primary() sends its reads to primaries.

    A queryset is lazy, and this one is evaluated after the block: it keeps what the block said.
    """
    with fleet.primary():
        teas = Product.objects.filter(category__slug="tea")
    print(Product.objects.count(), "products,", teas.count(), "of them teas")
    seen.why(Product)
    seen.why(teas)
    seen.expect_asked("replica", "default")
    seen.expect("both counted", seen.output == "16 products, 7 of them teas\n")


@step("A block that only reads")
def read_only(seen, nodes):
    """In such a block reads go where they always go.

    A write ends in an error before any server hears of it.
    """
    with fleet.read_only():
        print(Product.objects.filter(stock=0).count(), "sold out")
        with seen.refused(ReadOnlyError):
            Product.objects.update(stock=0)
    seen.expect_asked("replica")
    seen.expect("nothing was sold out by it", Product.objects.filter(stock__gt=0).exists())


@step("Another database for a block, or for one queryset")
def using(seen, nodes):
    """Who was moved is on default now, and a block for default finds them.

    A queryset that was built inside stays with it. using() on a queryset works as ever, and wins
    over a block.
    """
    with fleet.using("default"):
        moved = Customer.objects.all()
        staying = Customer.objects.using("legacy").count()
    print("on default:", ", ".join(customer.name for customer in moved))
    print("on legacy: ", ", ".join(customer.name for customer in Customer.objects.all()))
    seen.why(moved)
    seen.why(Customer)
    seen.expect_asked("legacy", "replica", "legacy")
    seen.expect("on default: customers 44 and 50", [each.number for each in moved] == [44, 50])
    seen.expect("the others stay", staying == Customer.objects.count())
