"""A search for orphans finds exactly the rows that a look at both tables finds, and mends only those.

``FLEET_EXAMPLES`` asks that many sets of rows per pair of vendors.
"""

import os
from collections import Counter
from uuid import UUID

import pytest
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_fleet.relations import mending, orphans
from django_fleet.relations.progress import begun
from django_fleet.relations.sweep import Conduct, Sweep
from django_fleet.relations.watched import watched
from lab.family.apart import ALIKE, UNLIKE, apart
from lab.family.models import Child, Coded, Number, Token, Word

EXAMPLES = int(os.environ.get("FLEET_EXAMPLES", "25"))

WORDS = ("a", "A", "b", "ab", "é", "'\\\"", "{},", "null", "%s")
KEYS = {
    "number": st.integers(1, 6) | st.sampled_from((-1, 2**31, 2**62)),
    "word": st.sampled_from(WORDS),
    "token": st.uuids(version=4) | st.integers(0, 3).map(lambda number: UUID(int=number)),
    "coded": st.integers(0, 6),
}
PARENTS = {"number": Number, "word": Word, "token": Token, "coded": Coded}


@st.composite
def families(draw):
    """Keys of parents, and children with keys that some parent has, has not, or with none."""
    parents = {name: draw(st.sets(keys, max_size=4)) for name, keys in KEYS.items()}
    keys = {
        name: st.none() | (st.sampled_from(sorted(found)) | KEYS[name] if found else KEYS[name])
        for name, found in parents.items()
    }
    return parents, draw(st.lists(st.fixed_dictionaries(keys), max_size=12))


def write(parents, children):
    for model in (Child, *PARENTS.values()):
        alias = "default" if model is Child else "parents"
        QuerySet(model, using=alias)._raw_delete(alias)
    for name, keys in parents.items():
        fields = {"coded": "code"}
        PARENTS[name].objects.bulk_create(
            PARENTS[name](**{fields.get(name, "pk"): key}) for key in keys
        )
    Child.objects.bulk_create(
        Child(pk=number, **{f"{name}_id": key for name, key in row.items()})
        for number, row in enumerate(children, start=1)
    )


def lacks(vendors, name, key, found):
    """Whether a key has no parent, by Python."""
    is_lax = name == "word" and vendors == ("mariadb", "mariadb")
    fold = str.lower if is_lax else (lambda each: each)
    return key is not None and fold(key) not in set(map(fold, found))


def sweep(fix, chunk):
    searches = watched(["family.Child"])
    made = Sweep(searches, begun(searches, fix), Conduct(fix, chunk, show=100))
    for _ in made.run():
        pass
    return {
        name.rpartition(".")[2]: (tally.left, tally.mended, sorted(map(int, tally.examples)))
        for name, tally in made.progress.tallies.items()
    }


@pytest.mark.parametrize("vendors", [*ALIKE, *UNLIKE], ids="-".join)
def test_orphans_are_those_that_python_finds(lab_on, tmp_path, vendors, monkeypatch):
    """Reported, then set to null, then none; small chunks and pages have more seams."""
    monkeypatch.setattr(mending, "PAGE", 2)
    monkeypatch.setattr(orphans, "FEW", 3)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(family=families(), chunk=st.sampled_from((1, 2, 3, 50)))
    def judge(family, chunk):
        parents, children = family
        if vendors[1] == "mariadb":  # its key takes no two words that differ in case
            parents["word"] = set({word.lower(): word for word in sorted(parents["word"])}.values())
        write(parents, children)
        expected = {
            name: [
                number
                for number, row in enumerate(children, start=1)
                if lacks(vendors, name, row[name], parents[name])
            ]
            for name in PARENTS
        }
        counts = Counter({name: len(pks) for name, pks in expected.items()})
        assert sweep("report", chunk) == {n: (counts[n], 0, pks) for n, pks in expected.items()}
        assert sweep("null", chunk) == {n: (0, counts[n], pks) for n, pks in expected.items()}
        kept = {
            number: tuple(None if number in expected[name] else row[name] for name in PARENTS)
            for number, row in enumerate(children, start=1)
        }
        names = [f"{name}_id" for name in PARENTS]
        assert {row[0]: row[1:] for row in Child.objects.values_list("pk", *names)} == kept
        assert sweep("delete", chunk) == {name: (0, 0, []) for name in PARENTS}

    with apart(lab_on, tmp_path, vendors):
        judge()
