"""The shop on its four databases, as visitors and administrators see it."""

import json
import re

import pytest

from acceptance.conftest import Visitor, manage, serving

CHANGE_LISTS = {
    "auth/group": "",
    "auth/user": "q=admin&is_staff__exact=1",
    "analytics/pageview": "q=sencha&seen_at__year=2026",
    "catalog/category": "q=tea",
    "catalog/product": "q=tea&category__id__exact=1&tags__id__exact=1",
    "catalog/tag": "q=green",
    "crm/customer": "q=ada&country__exact=DE",
    "orders/order": "q=7&status__exact=open",
}
"""Every model of the back office, and a search with filters of its list."""

HOMES = {"analytics": "analytics", "crm": "legacy"}


class TestShop:
    """Pages for visitors."""

    @pytest.mark.parametrize("path", ["/", "/?q=green", "/?category=tea"])
    def test_a6_products_are_read_from_the_replica(self, visitor, path):
        """No page of the product list asks any other database."""
        answer = visitor.get(path)
        assert "Sencha" in answer.text
        assert answer.asked.keys() == {"replica"}

    def test_search_leaves_out_what_does_not_fit(self, visitor):
        """The list is what the query says."""
        text = visitor.get("/?q=green").text
        assert "Gyokuro" in text
        assert "Assam" not in text

    def test_a6_page_view_lands_in_analytics(self, visitor):
        """Looking at a product reads it from the replica and writes one row to analytics."""
        before = _views_of(visitor, "Gaiwan")
        answer = visitor.get("/products/gaiwan/")
        assert answer.asked == {"replica": 2, "analytics": 1}
        assert _views_of(visitor, "Gaiwan") == before + 1

    def test_a6_popular_page_joins_two_databases_by_hand(self, visitor):
        """Views are counted on analytics, products named by the replica."""
        answer = visitor.get("/popular/")
        assert answer.asked.keys() == {"analytics", "replica"}
        assert "Sencha" in answer.text

    def test_a6_order_is_written_to_the_primary_and_seen_at_once(self, shop, visitor):
        """The page after the order shows it, with the customer from legacy, whoever answers."""
        stock = _stock_of(visitor.get("/products/kyusu/"))
        answer = visitor.post("/orders/new/kyusu/", customer_number=7, quantity=2)
        assert re.fullmatch(r"/orders/\d+/", answer.url)
        assert answer.asked.keys() in ({"default", "legacy"}, {"replica", "legacy"})
        assert "Ada Brandt" in answer.text
        assert "Total: 78.00" in answer.text
        shop.replica_catches_up(visitor, "/products/kyusu/", f"{stock - 2} in stock")

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"customer_number": 99, "quantity": 1}, "No customer has this number."),
            ({"customer_number": 7, "quantity": 99}, "left."),
        ],
    )
    def test_impossible_order_is_explained(self, visitor, fields, message):
        """An unknown customer and an empty shelf end in the form, not in an order."""
        visitor.get("/products/glass-teapot/")
        answer = visitor.post("/orders/new/glass-teapot/", **fields)
        assert answer.url == "/orders/new/glass-teapot/"
        assert message in answer.text

    def test_unknown_product_is_not_found(self, visitor):
        """404, and no page view."""
        answer = visitor.get("/products/nothing/")
        assert answer.status == 404
        assert "analytics" not in answer.asked


class TestBackOffice:
    """Django's admin, unchanged."""

    @pytest.mark.parametrize("label", CHANGE_LISTS)
    def test_a6_lists_and_forms_answer_from_home(self, administrator, label):
        """The list, its search, its filters and an empty form; nobody else is asked."""
        home = HOMES.get(label.split("/")[0], "default")
        for page in ("", f"?{CHANGE_LISTS[label]}", "add/"):
            answer = administrator.get(f"/admin/{label}/{page}")
            assert answer.status == 200
            assert answer.url == f"/admin/{label}/{page.partition('?')[0]}"
            answering = {home, "replica"} if home == "default" else {home}
            assert answer.asked.keys() <= {"default", "replica", home}
            assert page == "add/" or answering & answer.asked.keys()

    @pytest.mark.parametrize("row", ["catalog/product/1", "crm/customer/3", "analytics/pageview/1"])
    def test_rows_can_be_opened(self, administrator, row):
        """The form of a row on each database, with what belongs to it."""
        answer = administrator.get(f"/admin/{row}/change/")
        assert answer.status == 200
        assert answer.url == f"/admin/{row}/change/"

    def test_a6_what_was_saved_is_in_the_list_at_once(self, administrator):
        """The redirect after saving leads to a list that has the new row."""
        administrator.get("/admin/catalog/tag/add/")
        answer = administrator.post("/admin/catalog/tag/add/", name="roasted")
        assert answer.url == "/admin/catalog/tag/"
        assert answer.text.count("roasted") >= 2, "in the message and in the list"

    def test_a6_customer_is_saved_to_legacy(self, administrator):
        """Form, inline notes and log entry: rows go to legacy, the log to default."""
        administrator.get("/admin/crm/customer/add/")
        answer = administrator.post(
            "/admin/crm/customer/add/",
            name="Gus Ito",
            number=61,
            email="gus@example.com",
            country="JP",
            **{"notes-TOTAL_FORMS": 1, "notes-INITIAL_FORMS": 0, "notes-0-text": "New."},
        )
        assert answer.url == "/admin/crm/customer/"
        assert "Gus Ito" in answer.text
        assert "Gus Ito" in administrator.get("/admin/").text, "recent actions"


class TestCommands:
    """``manage.py`` of the shop, beside the running server."""

    def test_a6_status_shows_four_databases(self, shop):
        """All answer; one replicates default."""
        found = json.loads(shop.manage("fleet", "status", "--json").stdout)
        roles = {each["alias"]: each["role"] for each in found}
        assert roles == {
            "default": "primary",
            "replica": "replica",
            "analytics": "primary",
            "legacy": "primary",
        }
        assert not [each["error"] for each in found if each["error"]]

    def test_b3_fleet_is_as_it_should_be(self, shop):
        """Every table is where its model lives, and nowhere else."""
        result = shop.manage("fleet", "check")
        assert result.returncode == 0, result.stdout + result.stderr

    def test_b1_replica_is_not_migrated(self, shop):
        """The command fails and says where to go."""
        result = shop.manage("migrate", "--database=replica")
        assert result.returncode != 0
        assert "--database=default" in result.stderr


class TestProject:
    """The project without its server."""

    def test_checks_are_clean(self, tmp_path):
        """No error, no warning."""
        result = manage("check", "--fail-level=WARNING", DB="sqlite", SHOP_DATA=str(tmp_path))
        assert result.returncode == 0, result.stderr

    def test_migrations_are_committed(self, tmp_path):
        """Makemigrations finds nothing to do."""
        result = manage("makemigrations", "--check", DB="sqlite", SHOP_DATA=str(tmp_path))
        assert result.returncode == 0, result.stdout
        assert "No changes" in result.stdout

    def test_servers_that_do_not_run_are_missed(self, tmp_path):
        """The error says how to start them."""
        result = manage("check", DB="servers", SHOP_DATA=str(tmp_path))
        assert result.returncode != 0
        assert "make serve DB=servers" in result.stderr

    def test_sqlite_data_outlives_the_server(self, tmp_path):
        """What was ordered is there when the shop is served again; the replica's files go."""
        data = tmp_path / "sqlite"
        with serving("sqlite", data) as shop:
            visitor = Visitor(shop.address)
            visitor.get("/products/assam/")
            order = visitor.post("/orders/new/assam/", customer_number=12, quantity=1).url
        assert not (data / "replica").exists()
        with serving("sqlite", data) as shop:
            answer = Visitor(shop.address).get(order)
        assert "Björn Dahl" in answer.text


def _views_of(visitor, product):
    found = re.search(rf"{product}</a></td><td>(\d+) view", visitor.get("/popular/").text)
    return int(found[1]) if found else 0


def _stock_of(page):
    return int(re.search(r"(\d+) in stock", page.text)[1])
