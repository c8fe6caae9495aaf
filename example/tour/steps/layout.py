"""What there is: the databases, the homes of models, and a page that uses them."""

from django.core.management import call_command
from django.test import Client

import django_fleet as fleet
from analytics.models import PageView
from catalog.models import Product
from crm.models import Customer
from example.tour.step import step


@step("The four databases")
def four_databases(seen, nodes):
    """A primary, a replica of it, a database for analytics, and that of an old system.

    One command shows what they are to each other and what is on them.
    """
    call_command("fleet", "status")
    seen.expect(
        "all four are there and answer",
        all(alias in seen.output for alias in ("default", "replica", "analytics", "legacy"))
        and "does not answer" not in seen.output,
    )


@step("Where models live, and why")
def homes(seen, nodes):
    """Nothing places the catalogue, so it lives on default.

    Page views say it in their Meta, customers are placed by one line of the settings. explain()
    opens no connection.
    """
    for model in (Product, PageView, Customer):
        print(fleet.explain(model))
    seen.expect("Product lives on default", fleet.explain(Product).home == "default")
    seen.expect("PageView lives on analytics", fleet.explain(PageView).home == "analytics")
    seen.expect("Customer lives on legacy", fleet.explain(Customer).home == "legacy")
    seen.expect_asked()


@step("A page of the shop")
def page(seen, nodes):
    """The view is an ordinary DetailView that also creates a PageView.

    It names no database: the product and its tags come from the replica, the page view goes to
    analytics. The header is the shop's own; it counts who was asked.
    """
    response = Client(SERVER_NAME="localhost").get("/products/sencha/")
    print(response.status_code, response.headers["X-Databases"])
    seen.why(Product)
    seen.expect_asked("replica", "replica", "analytics")
    seen.expect("the page shows Sencha", b"<h1>Sencha</h1>" in response.content)
    seen.expect("its header says the same", "analytics=1, replica=2" in seen.output)
