"""``fleet orphans`` on real servers: what it finds, what it mends, what it leaves alone."""

from functools import partial
from uuid import UUID

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError
from django.db import connections

from django_fleet.errors import UnmendableRelationError
from django_fleet.relations import orphans
from django_fleet.relations.boundaries import generic_keys
from lab.commands import fleet_json, run
from lab.family.apart import ALIKE, AWAY, CHILDREN, HERE, PARENTS, UNLIKE, Apart, apart
from lab.family.models import Child, Coded, Medal, Number, Sticker, Token, Toy, Word
from lab.fleets import statements

CHILD = "family.Child"


@pytest.fixture
def family_on(lab_on, tmp_path):
    return partial(apart, lab_on, tmp_path)


@pytest.fixture(params=ALIKE, ids="-".join)
def family(request, family_on):
    """Children and parents on two databases of each vendor."""
    with family_on(request.param) as lab:
        yield lab


@pytest.fixture
def quick(family_on):
    """The same on SQLite, for what does not depend on a vendor."""
    with family_on(("sqlite", "sqlite")) as lab:
        yield lab


def search(*args):
    """Relation -> (orphans left, mended, examples), of those where something was found."""
    chosen = args if "--model" in args else (*args, "--model", "family")
    found, error = fleet_json("orphans", *chosen)
    left = sum(each["left"] for each in found["relations"])
    assert (error is None) == (left == 0), error
    return {
        each["relation"]: (each["left"], each["mended"], each["examples"])
        for each in found["relations"]
        if each["left"] or each["mended"]
    }


def people():
    """Every key type: a child with parents, one without, one whose parents are gone."""
    uuids = UUID(int=1), UUID(int=2**127 + 5)
    Number.objects.bulk_create(Number(pk=key) for key in (1, 2**40))
    Word.objects.bulk_create(Word(pk=key) for key in ("a", "b c", "é\\'\""))
    Token.objects.bulk_create(Token(pk=key) for key in uuids)
    Coded.objects.bulk_create(Coded(pk=100 + key, code=key) for key in (1, 2))
    whole = (
        {"number_id": 1, "word_id": "a", "token_id": uuids[0], "coded_id": 1},
        {"number_id": 2**40, "word_id": "é\\'\"", "token_id": uuids[1], "coded_id": 2},
        {},
    )
    broken = (
        {"number_id": 7},
        {"word_id": "gone"},
        {"token_id": UUID(int=9)},
        {"coded_id": 101},  # the key of a parent, but not its code
        {"number_id": -1, "word_id": "", "token_id": UUID(int=0), "coded_id": 0},
    )
    Child.objects.bulk_create(
        Child(pk=number, **keys) for number, keys in enumerate((*whole, *broken), start=1)
    )


BROKEN = {
    f"{CHILD}.number": (2, 0, ["4", "8"]),
    f"{CHILD}.word": (2, 0, ["5", "8"]),
    f"{CHILD}.token": (2, 0, ["6", "8"]),
    f"{CHILD}.coded": (2, 0, ["7", "8"]),
}


def sorted_examples(found):
    return {name: (left, mended, sorted(pks)) for name, (left, mended, pks) in found.items()}


@pytest.mark.parametrize("vendors", [*ALIKE, *UNLIKE], ids="-".join)
@pytest.mark.parametrize("chunk", ["1", "2", "50000"])
def test_e3_orphans_of_every_type_of_key_are_found(family_on, vendors, chunk):
    """Exactly those, whatever the size of a chunk; a key that is null has no parent to miss."""
    with family_on(vendors):
        people()
        assert sorted_examples(search("--chunk", chunk)) == BROKEN


def test_e3_a_fleet_without_orphans_is_a_success(family):
    """The exit status is 0, and what was asked is counted."""
    Number.objects.create(pk=1)
    Child.objects.create(number_id=1)
    found, error = fleet_json("orphans", "--model", f"{CHILD}.number")
    assert error is None
    assert found["finished"]
    (relation,) = found["relations"]
    assert relation == {
        "relation": f"{CHILD}.number",
        "child_home": "default",
        "parent": "family.Number",
        "parent_home": "parents",
        "keys": 1,
        "left": 0,
        "mended": 0,
        "examples": [],
    }


def test_e3_the_users_own_routers_are_enough(family_on):
    """Without ``FLEET``; with our router in front and without it."""
    for routers in ([Apart()], ["django_fleet.Router", Apart()]):
        with family_on(("sqlite", "sqlite"), routers=routers, placement={}):
            Child.objects.create(number_id=5)
            assert search() == {f"{CHILD}.number": (1, 0, ["1"])}
            for model in (*CHILDREN, *PARENTS, ContentType):
                with connections[Apart().db_for_read(model)].schema_editor() as editor:
                    editor.delete_model(model)


def test_e3_rows_of_a_through_table_are_rows(family):
    """Many-to-many: the row that joins is deleted, what it joins stays."""
    child = Child.objects.create()
    numbers = [Number.objects.create(pk=key) for key in (1, 2)]
    through = Child.numbers.through
    through.objects.bulk_create(through(child=child, number=each) for each in numbers)
    Number.objects.filter(pk=2)._raw_delete("parents")
    assert search()["family.Child_numbers.number"][:2] == (1, 0)
    assert search("--fix", "delete")["family.Child_numbers.number"][:2] == (0, 1)
    assert list(through.objects.values_list("number_id", flat=True)) == [1]
    assert Child.objects.count() == 1


def test_e3_deleting_goes_on_as_django_does(family):
    """``CASCADE`` takes toys along; ``PROTECT`` keeps its child, and only that one."""
    Child.objects.bulk_create(Child(pk=key, number_id=7) for key in range(1, 6))
    Toy.objects.create(child_id=2)
    Medal.objects.create(child_id=3)
    assert search("--fix", "delete", "--model", f"{CHILD}.number") == {
        f"{CHILD}.number": (1, 4, ["1", "2", "4", "5", "3"])
    } or set(Child.objects.values_list("pk", flat=True)) == {3}
    assert set(Child.objects.values_list("pk", flat=True)) == {3}
    assert Toy.objects.count() == 0
    assert search("--fix", "delete")[f"{CHILD}.number"][:2] == (1, 0)


def test_e3_keys_can_be_set_to_null(family):
    """The rows stay, and other columns stay as they are."""
    people()
    assert sorted_examples(search("--fix", "null", "--model", CHILD)) == {
        name: (0, left, pks) for name, (left, _, pks) in BROKEN.items()
    }
    assert Child.objects.count() == 8
    assert Child.objects.get(pk=8).word_id is None
    assert Child.objects.get(pk=2).number_id == 2**40
    assert search() == {}


def test_e3_a_key_that_cannot_be_null_is_refused_first(family):
    """Before anything is changed, also of the relations where it could be done."""
    child = Child.objects.create(number_id=7)
    with pytest.raises(UnmendableRelationError, match=r"Child_numbers\.number.* cannot be null"):
        run("fleet", "orphans", "--fix", "null", "--model", "family")
    child.refresh_from_db()
    assert child.number_id == 7


@pytest.mark.parametrize("vendors", [*ALIKE, *UNLIKE], ids="-".join)
def test_e3_generic_keys_are_texts_of_other_keys(family_on, vendors):
    """A sticker's text is a number, a UUID or a word; what cannot be one has no parent."""
    with family_on(vendors):
        number, token = Number.objects.create(pk=5), Token.objects.create(pk=UUID(int=3))
        word, here = Word.objects.create(pk="5"), Child.objects.create()
        kinds = {
            model: ContentType.objects.get_for_model(model)
            for model in (Number, Token, Word, Child)
        }
        rows = [
            (Number, "5"), (Number, "05"), (Number, "6"), (Number, "x"),
            (Token, str(token.pk)), (Token, token.pk.hex), (Token, str(UUID(int=4))),
            (Word, word.pk), (Word, "6"), (Child, str(here.pk)), (Child, "999"),
        ]  # fmt: skip
        Sticker.objects.bulk_create(
            Sticker(pk=key, content_type=kinds[model], object_id=text)
            for key, (model, text) in enumerate(rows, start=1)
        )
        Sticker.objects.create(pk=50)
        assert sorted_examples(search("--model", "family.Sticker")) == {
            "family.Sticker.target -> family.number": (2, 0, ["3", "4"]),
            "family.Sticker.target -> family.token": (1, 0, ["7"]),
            "family.Sticker.target -> family.word": (1, 0, ["9"]),
        }
        search("--fix", "null", "--model", "family.Sticker.target")
        assert set(Sticker.objects.filter(object_id=None).values_list("pk", flat=True)) == {
            3,
            4,
            7,
            9,
            50,
        }
        assert not Sticker.objects.filter(object_id=None, content_type__isnull=False).exists()
        assert number.pk == 5


@pytest.mark.parametrize(
    "vendors", [("mariadb", "postgresql"), ("postgresql", "mariadb")], ids="-".join
)
def test_e3_texts_of_two_vendors_are_equal_byte_by_byte(family_on, vendors):
    """What MariaDB takes for the same is not; and only the row with the wrong one is mended."""
    with family_on(vendors):
        Word.objects.bulk_create(Word(pk=key) for key in ("a", "b"))
        Child.objects.bulk_create(
            Child(pk=key, word_id=word) for key, word in enumerate(("a", "A", "B", "b", "b "), 1)
        )
        assert sorted_examples(search()) == {f"{CHILD}.word": (3, 0, ["2", "3", "5"])}
        for chunk in ("1", "2"):
            assert search("--chunk", chunk)[f"{CHILD}.word"][0] == 3
        search("--fix", "delete")
        assert sorted(Child.objects.values_list("word_id", flat=True)) == ["a", "b"]


def test_e3_texts_of_one_vendor_are_equal_as_it_says(family):
    """As its foreign keys would have it."""
    Word.objects.create(pk="a")
    Child.objects.create(word_id="A")
    lax = connections["default"].vendor == "mysql"
    assert search() == ({} if lax else {f"{CHILD}.word": (1, 0, ["1"])})


def test_e3_many_children_of_one_parent_are_many_pages(family, monkeypatch):
    """Each page is a transaction; all are mended."""
    monkeypatch.setattr("django_fleet.relations.mending.PAGE", 10)
    monkeypatch.setattr(orphans, "FEW", 7)
    Number.objects.create(pk=1000)
    Child.objects.bulk_create(Child(number_id=7 if key % 2 else key) for key in range(1, 101))
    Child.objects.create(number_id=1000)
    assert search("--fix", "delete", "--show", "0") == {f"{CHILD}.number": (0, 100, [])}
    assert Child.objects.get().number_id == 1000


def test_e3_what_a_deletion_leaves_behind_is_found_in_the_same_run(family_on):
    """``DO_NOTHING`` means that a deleted parent leaves orphans; they are looked for again."""
    placement = HERE | {"family.Coded": "parents"}
    with family_on(("sqlite", "sqlite"), placement=placement):
        Number.objects.create(pk=1)
        Coded.objects.bulk_create(Coded(pk=key, code=key, number_id=key) for key in (1, 2))
        Child.objects.bulk_create(Child(pk=key, coded_id=key) for key in (1, 2))
        assert search("--fix", "delete") == {
            "family.Coded.number": (0, 1, ["2"]),
            f"{CHILD}.coded": (0, 1, ["2"]),
        }
        assert search() == {}


def test_e3_a_replica_that_lags_invents_no_orphan(lab):
    """Parents are asked for on the primary, children too."""
    layout = {"default": {}, "parents": {}, "copy": {"REPLICA_OF": "parents"}}
    with lab.fleet(layout, PLACEMENT=AWAY):
        lab.create_tables(ContentType, *PARENTS, *CHILDREN)
        Number.objects.create(pk=1)
        Child.objects.create(number_id=1)
        with statements() as sent:
            assert search() == {}
        assert {alias for alias, _ in sent} == {"default", "parents"}


@pytest.mark.parametrize("args", [("--model", "family.Nobody"), ("--model", "family.Toy.child")])
def test_e3_what_crosses_no_boundary_is_no_answer(quick, args):
    """A name that was misspelt must not look like a fleet without orphans."""
    with pytest.raises(CommandError, match=r"No relation of .* crosses a boundary"):
        run("fleet", "orphans", *args)


def test_e3_plain_lines_for_people(quick):
    """One for each relation, with the orphans named."""
    Child.objects.create(pk=3, number_id=7)
    with pytest.raises(CommandError, match=r"^1 orphan is left\.$"):
        run("fleet", "orphans", "--model", "family")
    text = run("fleet", "orphans", "--model", "family", "--fix", "delete")
    assert (
        "family.Child.number (default, parents on parents): 1 key, 0 orphans left, 1 mended\n\t3\n"
        in text
    )


def test_e3_nothing_to_look_at(family_on):
    """A fleet whose relations all stay at home is one without orphans."""
    everything = HERE | {"family": "default"}
    with family_on(("sqlite", "sqlite"), placement=everything) as lab:
        others = {child for child, _ in generic_keys()} - {Sticker}
        lab.create_tables(*others)
        assert run("fleet", "orphans") == "No relation crosses a boundary.\n"
