"""Django's admin, unchanged, in a browser: relations over the shop's three databases (E3, E4).

Suppliers are on ``legacy``, deliveries on ``analytics``; complaints, remarks, the catalogue, users and
the log are on ``default``.
"""

import re

import pytest

from acceptance.back_office import PICTURES, BackOffice, started_browser


@pytest.fixture(scope="module")
def browser():
    """One browser; it ends with the module, since Playwright keeps an event loop running."""
    with started_browser() as running:
        yield running


@pytest.fixture(scope="module")
def administrator(browser, shop):
    """A browser that is logged in; what it has loaded once it keeps."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    BackOffice(page, shop.address).log_in()
    page.close()
    yield context
    context.close()


@pytest.fixture
def office(request, administrator, shop):
    """A tab of the administrator's; its last page is kept as a picture."""
    page = administrator.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 (it marks what it is given)
    yield BackOffice(page, shop.address)
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = request.node.originalname.removeprefix("test_")
    page.screenshot(path=PICTURES / f"{shop.kind}-{name}.png", full_page=True)
    page.close()
    assert not errors, "scripts of the page failed"


def add_supplier(office, name, *tags):
    """By the form: a supplier with its many-to-many choices."""
    office.open("purchasing/supplier/add/")
    office.page.fill("#id_name", name)
    office.page.fill("#id_country", "FR")
    for tag in tags:
        office.page.select_option("#id_specialities_from", label=tag)
        office.page.click("#id_specialities_add, #id_specialities_add_link")
    office.press("Save and continue editing")
    assert "was added successfully" in office.message


def add_delivery(office, supplier, product, *complaints):
    """By the form: both relations chosen from what the fields offer, children in the inline."""
    office.open("purchasing/delivery/add/")
    office.complete("supplier", supplier[:6], supplier)
    office.complete("product", product[:4], product)
    office.page.fill("#id_quantity", "5")
    office.page.fill("#id_delivered_on", "2026-05-04")
    for number, text in enumerate(complaints):
        office.page.click("#complaints-group .add-row a")
        office.page.fill(f"#id_complaints-{number}-text", text)
    office.press("Save")
    assert "was added successfully" in office.message


def test_e3_parent_is_created_with_children_of_other_databases(office):
    """One form: supplier to legacy, tags by the two-sided widget, delivery to analytics, remark to default."""
    office.open("purchasing/supplier/add/")
    page = office.page
    page.fill("#id_name", "Maison Verte")
    page.fill("#id_country", "FR")
    for tag in ("green", "gift"):
        page.select_option("#id_specialities_from", label=tag)
        page.click("#id_specialities_add, #id_specialities_add_link")
    page.click("#deliveries-group .add-row a")
    office.complete("deliveries-0-product", "Verb", "Verbena")
    page.fill("#id_deliveries-0-quantity", "9")
    page.fill("#id_deliveries-0-delivered_on", "2026-04-01")
    page.click("#purchasing-remark-content_type-object_id-group .add-row a")
    page.fill("#id_purchasing-remark-content_type-object_id-0-text", "Pays late.")
    office.press("Save and continue editing")
    assert "was added successfully" in office.message
    chosen = page.locator("#id_specialities_to option").all_inner_texts()
    assert chosen == ["gift", "green"]
    assert page.input_value("#id_deliveries-0-quantity") == "9"
    assert page.locator("#id_deliveries-0-product option:checked").inner_text() == "Verbena"
    assert page.input_value("#id_purchasing-remark-content_type-object_id-0-text") == "Pays late."
    office.open("purchasing/supplier/?q=Maison")
    assert office.rows() == [["Maison Verte", "FR", "gift, green"]]


def test_e3_parent_and_children_are_edited_in_one_form(office):
    """A tag goes, another comes, a child is changed, another is deleted."""
    add_supplier(office, "Casa Azul", "black")
    page = office.page
    for number, quantity in enumerate(("3", "4")):
        page.click("#deliveries-group .add-row a")
        office.complete(f"deliveries-{number}-product", "Decaf", "Decaf")
        page.fill(f"#id_deliveries-{number}-quantity", quantity)
        page.fill(f"#id_deliveries-{number}-delivered_on", f"2026-04-0{number + 1}")
    office.press("Save and continue editing")
    page.select_option("#id_specialities_to", label="black")
    page.click("#id_specialities_remove, #id_specialities_remove_link")
    page.select_option("#id_specialities_from", label="glass")
    page.click("#id_specialities_add, #id_specialities_add_link")
    assert page.input_value("#id_deliveries-0-quantity") == "4", "the latest comes first"
    page.fill("#id_deliveries-0-quantity", "44")
    page.check("#id_deliveries-1-DELETE")
    office.press("Save and continue editing")
    assert "was changed successfully" in office.message
    assert page.locator("#id_specialities_to option").all_inner_texts() == ["glass"]
    assert page.input_value("#id_deliveries-0-quantity") == "44"
    assert page.input_value("#id_deliveries-INITIAL_FORMS") == "1"


def test_e3_a_key_is_unique_in_its_own_database(office):
    """The form asks legacy whether there is such a supplier, and says so."""
    office.open("purchasing/supplier/add/")
    office.page.fill("#id_name", "Uji Tea Garden")
    office.page.fill("#id_country", "JP")
    office.press("Save")
    assert "Supplier with this Name already exists." in office.text


def test_e3_lists_are_searched_by_what_is_elsewhere(office):
    """Search fields lead over many-to-many relations, backwards, and over two databases."""
    for path, words, found in (
        ("supplier", "porcelain", []),
        ("supplier", "espresso", ["Hochland Kaffee"]),
        ("supplier", "first flush", ["Assam Estates"]),
        ("complaint", "ceramica", ["One pot arrived in pieces."]),
    ):
        office.open(f"purchasing/{path}/")
        office.search(words)
        assert office.column(0) == found


def test_e3_lists_are_filtered_by_what_is_elsewhere(office):
    """By a column two databases away, by a many-to-many relation, by a relation's objects."""
    office.open("purchasing/supplier/")
    office.filter("category", "Ware")
    assert office.column(0) == ["Ceramica Nove"]
    office.open("purchasing/supplier/")
    office.filter("specialities", "espresso")
    assert "Hochland Kaffee" in office.column(0)
    assert "Assam Estates" not in office.column(0)
    office.open("purchasing/delivery/")
    office.filter("supplier", "Uji Tea Garden")
    assert set(office.column(1)) == {"Uji Tea Garden"}
    office.filter("category", "Coffee")
    assert office.rows() == []
    office.open("purchasing/complaint/")
    office.filter("supplier", "Ceramica Nove")
    assert office.column(0) == ["One pot arrived in pieces."]


def test_e3_lists_are_ordered_by_what_is_elsewhere(office):
    """A click on the head of a column that another database has."""
    office.open("purchasing/delivery/?q=a")
    office.follow("Category", within="#result_list thead")
    ways = office.column(3)
    assert ways == sorted(ways)
    assert len(set(ways)) > 1
    office.follow("Supplier", within="#result_list thead")
    names = office.column(1)
    assert names == sorted(names)


def test_e3_dates_of_another_database_lead_through_a_list(office):
    """``date_hierarchy`` over a relation."""
    office.open("purchasing/complaint/")
    office.follow("March 2026", within=".toplinks")
    assert office.column(0) == ["One pot arrived in pieces."]


def test_e3_an_object_of_another_database_is_looked_up_in_a_window(office):
    """Raw id: the magnifier opens the list of users, a click on one takes it."""
    office.open("purchasing/delivery/?q=Hochland")
    office.follow("Feb. 16, 2026", within="#result_list")
    window = office.popup("#lookup_id_received_by")
    with window.expect_event("close"):
        window.get_by_role("link", name="admin", exact=True).click()
    assert office.page.input_value("#id_received_by") != ""
    office.press("Save and continue editing")
    assert office.page.locator("#id_received_by ~ strong").inner_text() == "admin"


def test_e3_a_related_object_is_added_in_a_window(office):
    """The plus beside a field that completes itself; the new object is chosen."""
    office.open("purchasing/delivery/add/")
    window = office.popup("#add_id_supplier")
    window.fill("#id_name", "Window & Sons")
    window.fill("#id_country", "GB")
    with window.expect_event("close"):
        window.locator('input[value="Save"]').click()
    assert office.page.locator("#id_supplier option:checked").inner_text() == "Window & Sons"


def test_e3_rows_are_edited_in_the_list(office):
    """``list_editable`` beside columns of other databases."""
    add_supplier(office, "Editable")
    add_delivery(office, "Editable", "Rooibos", "Not settled yet.")
    office.open("purchasing/complaint/?q=Editable")
    office.page.check("#id_form-0-settled")
    office.press("Save")
    assert "1 complaint was changed successfully" in office.message
    office.filter("settled", "Yes")
    assert office.column(0) == ["Not settled yet."]


def test_e4_deleting_shows_all_that_goes_on_three_databases(office):
    """The confirmation has the whole tree; afterwards all of it is gone, and nothing else."""
    add_supplier(office, "Short Lived", "glass", "herbal")
    add_delivery(office, "Short Lived", "Sumatra", "Too late.", "Too little.")
    office.open("purchasing/supplier/?q=Short")
    office.follow("Short Lived", within="#result_list")
    office.follow("Delete")
    told = office.text
    for each in ("Supplier: Short Lived", "Delivery: 5 x Sumatra", "Too late.", "Too little."):
        assert each in told
    summary = {line.strip() for line in office.page.locator("#content li").all_inner_texts()}
    assert {"Suppliers: 1", "Deliveries: 1", "Complaints: 2"} <= summary
    assert any(re.fullmatch(r"Supplier-tag relationships: 2", line) for line in summary)
    office.press("Yes, I’m sure")  # noqa: RUF001 (as the page has it)
    assert "was deleted successfully" in office.message
    for path in ("supplier/?q=Short", "delivery/?q=Short", "complaint/?q=Too l"):
        office.open(f"purchasing/{path}")
        assert office.rows() == []
    office.open("catalog/product/?q=Sumatra")
    assert office.column(0) == ["Sumatra Mandheling"]


def test_e4_what_another_database_protects_is_not_deleted(office):
    """A product with deliveries: the page names them, and offers no button."""
    office.open("catalog/product/?q=Kyusu")
    office.follow("Kyusu", within="#result_list")
    office.follow("Delete")
    assert "would require deleting the following protected related objects" in office.text
    assert "12 x Kyusu on 2026-03-09" in office.text
    assert office.page.get_by_role("button", name=re.compile("sure")).count() == 0


def test_e4_the_action_of_a_list_deletes_over_databases(office):
    """Two suppliers at once, with what depends on them."""
    add_supplier(office, "Gone One")
    add_delivery(office, "Gone One", "Gaiwan", "Chipped.")
    add_supplier(office, "Gone Two", "organic")
    office.open("purchasing/supplier/?q=Gone")
    office.page.check("#action-toggle")
    office.page.select_option("select[name=action]", "delete_selected")
    office.press("Go")
    assert "Delivery: 5 x Gaiwan" in office.text
    assert "Chipped." in office.text
    office.press("Yes, I’m sure")  # noqa: RUF001 (as the page has it)
    assert "Successfully deleted 2 suppliers." in office.message
    office.open("purchasing/complaint/?q=Chipped")
    assert office.rows() == []


def test_e3_the_log_is_kept_on_a_third_database(office):
    """History of an object and recent actions: what happened on legacy stands on default."""
    add_supplier(office, "With History")
    office.page.fill("#id_country", "BE")
    office.press("Save and continue editing")
    office.follow("History")
    history = office.page.locator("#change-history").inner_text()
    assert "Added." in history
    assert "Changed Country." in history
    office.open("")
    assert "With History" in office.page.locator("#recent-actions-module").inner_text()
