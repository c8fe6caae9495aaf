"""Statements D1-D4: routers, the user's and ours, and objects that remember their database."""

import json

import pytest
from django.db import connections, router, transaction
from django.test import Client

import django_fleet as fleet
from django_fleet.errors import ReplicaWriteError
from django_fleet.routing.elsewhere import is_remote
from django_fleet.routing.present import is_present
from lab.crm.models import Call, Customer
from lab.fleets import statements, tables
from lab.reports.models import Reader, Report
from lab.routers import ReadOnlyOpinion
from lab.shop.models import Author, Book, Novel, Tag

OURS = "django_fleet.Router"
REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


@pytest.fixture
def replicated(lab):
    """A primary and a replica of it, with the shop's tables and a tag."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=5000):
        lab.create_tables(Author, Tag, Book, Novel)
        Tag.objects.using("default").create(name="first")
        from django_fleet.context import UNIT

        UNIT.set(None)
        lab.catch_up()
        yield lab


def test_d1_routers_are_asked_in_order_with_their_hints(lab):
    """A router without an opinion leaves it to the next; one may define any of the methods."""
    routers = [OURS, "lab.routers.ReadOnlyOpinion", "lab.routers.AppRouter"]
    with lab.fleet({"default": {}, "customers": {}}, routers=routers):
        lab.create_tables(Customer, Author, Tag, Book)
        assert router.db_for_read(Customer) == "customers"
        author = Author.objects.create(name="a")
        ReadOnlyOpinion.asked.clear()
        list(author.books.all())
        assert ("shop.Book", {"instance": author}) in ReadOnlyOpinion.asked


@fleet.unit_of_work()
def router_s_choice(model):
    return router.db_for_read(model)


@pytest.mark.parametrize("declared", [False, True], ids=["stock settings", "REPLICA_OF"])
def test_d2_a_primary_replica_router_works_unchanged(lab, declared):
    """With stock settings to the letter; with replicas declared, a unit of work keeps to one."""
    as_replica = {"REPLICA_OF": "primary"} if declared else {}
    layout = {"default": None, "primary": {}, "replica-1": as_replica, "replica-2": as_replica}
    entries = lab.entries(layout)
    if not declared:  # what stands behind the aliases is replication all the same
        entries["replica-1"] = entries["replica-2"] = entries["primary"]
    routers = [OURS, "lab.routers.PrimaryReplicaRouter"]
    with lab.project(entries, routers=routers, FLEET={}):
        lab.create_tables(Author, Tag, Book) if declared else _create_on(
            "primary", Author, Tag, Book
        )
        with fleet.unit_of_work():
            author = Author.objects.create(name="a")
        lab.catch_up()
        assert {router_s_choice(Author) for _ in range(30)} == {"replica-1", "replica-2"}
        with fleet.unit_of_work():
            read = Author.objects.get()
            seen = {router.db_for_read(Author) for _ in range(30)}
            assert len(seen) == (1 if declared else 2)
            read.name = "b"
            read.save()
            book = Book.objects.create(title="t", author=read)
            assert author.books.using("primary").get() == book
            assert Author.objects.using("primary").get().name == "b"
            assert router.allow_relation(read, book) is True
        assert router.allow_migrate("replica-1", "shop") is False
        assert router.allow_migrate("primary", "shop") is True
        with transaction.atomic(using="primary"):
            inside = {router.db_for_read(Author) for _ in range(30)}
        assert inside == ({"primary"} if declared else {"replica-1", "replica-2"})


def test_d3_an_app_router_works_unchanged(lab):
    """Reads, writes, migrations; relations only inside."""
    routers = [OURS, "lab.routers.AppRouter"]
    with lab.fleet({"default": {}, "customers": {}}, routers=routers):
        lab.migrate("default", "customers")
        assert tables("customers") - {"django_migrations"} == {
            "crm_customer",
            "crm_call",
            "django_session",
        }
        assert not {"crm_customer", "django_session"} & tables("default")
        with statements() as seen:
            customer = Customer.objects.create(name="c")
            assert Customer.objects.get() == customer
        assert {alias for alias, _ in seen} == {"customers"}
        call, tag = Call(), Tag()
        assert router.allow_relation(customer, call) is True
        assert router.allow_relation(customer, tag) is False
        assert is_present(Customer, "customers")
        assert is_remote(Customer, "default")
        assert is_remote(Tag, "customers")


def test_d3_replicas_of_the_database_that_an_app_router_names(lab):
    """The user's router says where the app lives, ours picks the node."""
    layout = {"default": {}, "customers": {}, "copy": {"REPLICA_OF": "customers"}}
    with lab.fleet(layout, routers=[OURS, "lab.routers.AppRouter"]):
        lab.create_tables(Customer)
        assert router.db_for_read(Customer) == "copy"
        assert router.db_for_write(Customer) == "customers"
        assert router.allow_migrate_model("copy", Customer) is False


def test_d4_objects_remember_their_database(lab):
    """Saves, deletes, related objects and relations follow the instance."""
    with lab.fleet({"default": {}, "other": {}}):
        lab.create_tables(Author, Tag, Book, Novel)
        author = Author.objects.using("other").create(name="a")
        with statements() as seen:
            book = author.books.create(title="b")
            book.tags.create(name="t")
            assert book.author == author
            assert Book.objects.using("other").get().tags.get().name == "t"
            book.refresh_from_db()
            book.title = "c"
            book.save()
            author.delete()
        assert {alias for alias, _ in seen} == {"other"}
        here = Author.objects.create(name="here")
        with pytest.raises(ValueError, match="database router prevents"):
            Book(title="x", using="other").author = here


def test_d4_an_object_of_another_home_does_not_drag_the_query_there(lab):
    """The reverse manager of a placed object asks the home of the other model."""
    with lab.fleet({"default": {}, "people": {}}, PLACEMENT={"shop.Author": "people"}):
        author = Author(name="a")
        assert router.db_for_read(Author) == "people"
        author._state.db = "people"
        assert router.db_for_read(Book, instance=author) == "default"
        assert router.db_for_write(Book, instance=author) == "default"
        assert router.allow_relation(Book(), author) is True


def test_d4_an_object_read_from_a_replica_belongs_to_the_primary(replicated):
    """Also with select_related, raw and prefetch; saving and deleting it reach the primary."""
    with fleet.unit_of_work():
        author = Author.objects.using("default").create(name="a")
        Book.objects.using("default").create(title="b", author=author)
    replicated.catch_up()
    with fleet.unit_of_work(), statements() as seen:
        tag = Tag.objects.get()
        book = Book.objects.select_related("author").get()
        raw = Tag.objects.raw("SELECT * FROM shop_tag")[0]
        prefetched = Author.objects.prefetch_related("books").get().books.all()[0]
        objects = [tag, book, book.author, raw, prefetched]
        assert {each._state.db for each in objects} == {"default"}
    assert {alias for alias, _ in seen} == {"replica"}
    explicit = Tag.objects.using("replica").get()
    explicit.name = "changed"
    explicit.save()
    assert Tag.objects.using("default").get().name == "changed"
    explicit.delete()
    assert Tag.objects.using("default").count() == 0


def test_d_a_unit_of_work_reads_one_replica_until_it_writes(replicated):
    """After a write it reads the primary; the next unit of work starts anew."""
    with fleet.unit_of_work():
        assert Tag.objects.all().db == "replica"
        Tag.objects.create(name="second")
        assert Tag.objects.all().db == "default"
        assert Tag.objects.filter(name="second").exists()
    with fleet.unit_of_work():
        assert Tag.objects.all().db == "replica"
        with connections["default"].cursor() as cursor:
            cursor.execute("UPDATE shop_tag SET name = 'raw'")
        assert Tag.objects.all().db == "default"


def test_d_reads_in_a_transaction_stay_on_its_database(replicated):
    """In atomic blocks, nested ones, and with autocommit off; afterwards the replica again."""
    with fleet.unit_of_work():
        with transaction.atomic():
            assert Tag.objects.all().db == "default"
            with transaction.atomic():
                assert Tag.objects.all().db == "default"
            assert Tag.objects.count() == 1
        assert Tag.objects.all().db == "replica"
        transaction.set_autocommit(False)
        try:
            assert Tag.objects.all().db == "default"
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)
        assert Tag.objects.all().db == "replica"


def test_d_reads_after_select_for_update_stay_on_the_primary(replicated):
    """A lock is the promise of a write."""
    if not connections["default"].features.has_select_for_update:
        assert Tag.objects.select_for_update().db == "default"
        return
    with fleet.unit_of_work():
        with transaction.atomic():
            assert Tag.objects.select_for_update().get().name == "first"
        assert Tag.objects.all().db == "default"


def test_d_get_or_create_that_finds_leaves_the_replica_in_use(replicated):
    """It asked the primary, but wrote nothing."""
    with fleet.unit_of_work():
        assert Tag.objects.get_or_create(name="first")[1] is False
        assert Tag.objects.all().db == "replica"
        assert Tag.objects.get_or_create(name="second")[1] is True
        assert Tag.objects.all().db == "default"


def test_d_each_request_is_a_unit_of_work(replicated):
    """A request reads its own write; the next one, in the same thread, reads the replica."""
    client = Client()
    for url in ("/write-and-read/", "/async-write-and-read/"):
        assert json.loads(client.get(url).content)["read"] == "default"
        assert json.loads(client.get("/read/").content)["read"] == "replica"


def test_d_no_write_reaches_a_replica_by_any_router_answer(lab):
    """A router that sends writes to a replica is refused, and named."""
    routers = [OURS, "lab.routers.WritesToReplica"]
    with lab.fleet(REPLICATED, routers=routers):
        with pytest.raises(ReplicaWriteError, match=r"router lab\.routers\.WritesToReplica"):
            Tag.objects.create(name="x")


def test_d_weights_share_the_reads(lab):
    """A replica of weight 0 takes none; the others take theirs."""
    layout = {
        "default": {},
        "heavy": {"REPLICA_OF": "default", "WEIGHT": 3},
        "light": {"REPLICA_OF": "default"},
        "none": {"REPLICA_OF": "default", "WEIGHT": 0},
    }
    with lab.fleet(layout):
        chosen = []
        for _ in range(400):
            with fleet.unit_of_work():
                chosen.append(router.db_for_read(Tag))
        assert set(chosen) == {"heavy", "light"}
        assert 230 < chosen.count("heavy") < 370


def test_d_unplaced_models_keep_away_from_dedicated_databases(lab):
    """And may be on a database that nothing is placed on, as in stock Django."""
    with lab.fleet({"default": {}, "analytics": {}, "archive": {}}):
        assert is_present(Tag, "default")
        assert is_present(Tag, "archive")
        assert not is_present(Tag, "analytics")
        assert is_present(Report, "analytics")
        assert not is_present(Reader.reports.through, "default")


def _create_on(alias, *models):
    with connections[alias].schema_editor() as editor:
        for model in models:
            editor.create_model(model)


def test_d_a_unit_of_work_inside_another_tells_it_what_it_wrote(replicated):
    """A decorated view sits inside the middleware's unit of work."""
    with fleet.unit_of_work():
        with fleet.unit_of_work():
            Tag.objects.create(name="second")
        assert Tag.objects.all().db == "default"
        assert Tag.objects.filter(name="second").exists()
