"""Random operations on people, as the code of a user, for a model in one table and for its twin in parts.

A value is drawn so that vendors agree on it: lower-case texts of letters, whole numbers, no NULL
where an order decides.
"""

from django.db import connections, transaction
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Length
from django.db.utils import IntegrityError
from hypothesis import strategies as st

from django_fleet.errors import CollationMismatchError
from lab.people.models import Person, Plain

VOCABULARY = {
    each.__name__: each
    for each in (
        *(Case, Coalesce, Concat, Count, Exists, F, IntegerField, Length, Max, Min, OuterRef, Q),
        *(Subquery, Sum, Value, When),
    )
}
TEXTS = ("", "a", "b", "ab", "xyz")
NUMBERS = (0, 1, 2, 3)
EMAILS = (None, "a@b.org", "c@d.org", "e@f.org")
MOODS = ("g", "b")
VALUES = {
    "name": TEXTS,
    "age": NUMBERS,
    "bio": TEXTS,
    "email": EMAILS,
    "score": (None, *NUMBERS),
    "mood": MOODS,
}
KEYS = (1, 2, 3, 4, 5)
TEXT_FIELDS = ("name", "bio", "mood", "email")
NUMBER_FIELDS = ("age", "score")

REFUSED = "texts of two vendors"

pick = st.sampled_from


def literal(name):
    return pick(VALUES[name]).map(repr)


def _lookup(name):
    same = literal(name).map(
        lambda value: f"{name}={value}" if value != "None" else f"{name}__isnull=True"
    )
    many = st.lists(literal(name).filter(lambda value: value != "None"), max_size=3).map(
        lambda values: f"{name}__in=[{', '.join(values)}]"
    )
    options = [same, many]
    if name in {"name", "bio", "email"}:
        options.append(pick("ab").map(lambda letter: f"{name}__contains={letter!r}"))
    if name in NUMBER_FIELDS:
        options.append(pick(NUMBERS).map(lambda number: f"{name}__gt={number}"))
        options.append(pick(NUMBER_FIELDS).map(lambda other: f"{name}__lte=F({other!r}) + 1"))
    return st.one_of(options).map(lambda found: f"Q({found})")


CONDITION = st.recursive(
    st.one_of(
        pick(sorted(VALUES)).flatmap(_lookup),
        st.just('Exists(M.filter(score=OuterRef("age"), bio__gt=""))'),
        st.just('Q(bio__in=M.filter(age__gt=1).values("bio"))'),
        st.just('Q(age__in=M.exclude(score=None).values("score"))'),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, pick("&|"), inner).map(lambda each: f"({each[0]} {each[1]} {each[2]})"),
        inner.map(lambda each: f"~{each}"),
    ),
    max_leaves=3,
)
ROWS = st.one_of(
    st.just("M.all()"),
    CONDITION.map(lambda each: f"M.filter({each})"),
    CONDITION.map(lambda each: f"M.exclude({each})"),
)
NAMES = st.lists(pick(sorted(VALUES)), unique=True, max_size=4)


def quoted(names):
    return ", ".join(map(repr, names))


def _arguments(names):
    return st.tuples(*(literal(name) for name in names)).map(
        lambda values: ", ".join(f"{n}={v}" for n, v in zip(names, values, strict=True))
    )


ARGUMENTS = NAMES.flatmap(_arguments)
SOME = st.lists(pick(sorted(VALUES)), unique=True, min_size=1, max_size=3)
SOME_ARGUMENTS = SOME.flatmap(_arguments)
NEW = st.tuples(pick(KEYS), ARGUMENTS).map(lambda each: f"pk={each[0]}, {each[1]}".rstrip(", "))
OBJECTS = st.lists(
    st.tuples(pick(KEYS), ARGUMENTS), max_size=3, unique_by=lambda each: each[0]
).map(lambda found: "[" + ", ".join(f"C(pk={key}, {given})" for key, given in found) + "]")
EXPRESSIONS = st.one_of(
    st.tuples(pick(NUMBER_FIELDS), pick(NUMBER_FIELDS), pick(NUMBERS)).map(
        lambda each: f'{each[0]}=Coalesce(F("{each[1]}"), 0) + {each[2]}'
    ),
    st.tuples(pick(("name", "bio")), pick(("name", "bio"))).map(
        lambda each: f'{each[0]}=F("{each[1]}")'
    ),
    st.tuples(pick(("name", "bio")), pick(("name", "bio"))).map(
        lambda each: f'{each[0]}=Concat("{each[1]}", Value("b"))'
    ),
    st.just('name=F("bio"), bio=F("name")'),
    st.just('age=Case(When(bio="a", then=F("score") * 2), default=5)'),
    st.just('score=Length("bio"), age=F("score") + F("age")'),
)

READS = st.one_of(
    ROWS.map(lambda each: f"objects({each}.order_by('pk'))"),
    st.tuples(ROWS, NAMES).map(
        lambda each: f"list({each[0]}.order_by('pk').values_list({quoted(each[1])}))"
    ),
    st.tuples(ROWS, NAMES).map(
        lambda each: f"list({each[0]}.order_by('pk').values('pk', {quoted(each[1])}))"
    ),
    st.tuples(ROWS, pick(("only", "defer")), SOME).map(
        lambda each: f"objects({each[0]}.{each[1]}({quoted(each[2])}).order_by('pk'))"
    ),
    st.tuples(ROWS, pick(("bio", "-bio", "mood", "-mood", "name", "-age"))).map(
        lambda each: f"keys({each[0]}.order_by({each[1]!r}, 'pk')[:3])"
    ),
    ROWS.map(lambda each: f"{each}.count()"),
    ROWS.map(lambda each: f"{each}.exists()"),
    ROWS.map(
        lambda each: (
            f"{each}.aggregate(Count('bio', distinct=True), Sum('score'), Max('bio'), Min('age'))"
        )
    ),
    ROWS.map(
        lambda each: (
            f"list({each}.values('mood').annotate(n=Count('pk'), s=Sum('age')).order_by('mood'))"
        )
    ),
    ROWS.map(
        lambda each: (
            f"list({each}.annotate(x=Length('bio') + F('age')).order_by('pk').values_list('x', 'mood'))"
        )
    ),
    ROWS.map(lambda each: f"sorted({each}.values_list('bio', flat=True).distinct())"),
    ROWS.map(lambda each: f"objects({each}.in_bulk().values())"),
    ROWS.map(lambda each: f"objects({each}.order_by('pk').iterator(chunk_size=2))"),
    st.tuples(ROWS, ROWS).map(lambda each: f"objects(({each[0]}).union({each[1]}).order_by('pk'))"),
    st.tuples(ROWS, ROWS).map(
        lambda each: f"sorted({each[0]}.values_list('bio').union({each[1]}.values_list('name')))"
    ),
)
WRITES = st.one_of(
    NEW.map(lambda each: f"state(M.create({each}))"),
    ARGUMENTS.map(lambda each: f"saved(C({each}))"),
    st.tuples(ROWS, SOME_ARGUMENTS).map(lambda each: f"{each[0]}.update({each[1]})"),
    st.tuples(ROWS, EXPRESSIONS).map(lambda each: f"{each[0]}.update({each[1]})"),
    OBJECTS.map(lambda each: f"len(M.bulk_create({each}))"),
    OBJECTS.map(lambda each: f"len(M.bulk_create({each}, ignore_conflicts=True))"),
    st.tuples(OBJECTS, SOME).map(lambda each: f"upserted(M, {each[0]}, {each[1]!r})"),
    st.tuples(OBJECTS, SOME).map(lambda each: f"M.bulk_update({each[0]}, {each[1]!r})"),
    st.tuples(pick(KEYS), ARGUMENTS).map(
        lambda each: f"state(*M.get_or_create(pk={each[0]}, defaults=dict({each[1]})))"
    ),
    st.tuples(pick(KEYS), ARGUMENTS).map(
        lambda each: f"state(*M.update_or_create(pk={each[0]}, defaults=dict({each[1]})))"
    ),
    st.tuples(pick(TEXTS), SOME_ARGUMENTS).map(
        lambda each: f"state(*M.update_or_create(bio={each[0]!r}, defaults=dict({each[1]})))"
    ),
    st.tuples(ROWS, SOME_ARGUMENTS, st.booleans()).map(
        lambda each: f"changed({each[0]}.order_by('pk').first(), dict({each[1]}), {each[2]})"
    ),
    ROWS.map(lambda each: f"{each}.delete()[0]"),
    ROWS.map(lambda each: f"gone({each}.order_by('pk').first())"),
)


class Twin:
    """One of the two models, and what the code of an operation may call."""

    def __init__(self, model):
        self.model = model

    def run(self, code):
        """What the code gives, or the kind of its error."""
        names = {
            **VOCABULARY,
            **{
                name: getattr(self, name)
                for name in ("objects", "keys", "state", "saved", "upserted", "changed", "gone")
            },
            "M": self.model._base_manager.all(),
            "C": self.model,
        }
        try:
            with (
                transaction.atomic("default"),
                transaction.atomic("profiles"),
                transaction.atomic("records"),
            ):
                return eval(code, names)
        except CollationMismatchError:
            return REFUSED
        except (IntegrityError, self.model.MultipleObjectsReturned) as error:
            return type(error).__name__

    def rows(self):
        """All that is stored."""
        return list(self.model._base_manager.order_by("pk").values_list("pk", *sorted(VALUES)))

    @staticmethod
    def state(instance, *more):
        values = [getattr(instance, name) for name in sorted(VALUES)]
        return (instance.pk, *values, *more, instance._state.adding, instance._state.db)

    def objects(self, found):
        return [(sorted(each.get_deferred_fields()), self.state(each)) for each in found]

    @staticmethod
    def keys(found):
        return [each.pk for each in found]

    def saved(self, instance):
        instance.pk = 9
        instance.save()
        return self.state(instance)

    @staticmethod
    def upserted(rows, objects, names):
        features = connections[rows.db].features
        target = ["pk"] if features.supports_update_conflicts_with_target else None
        made = rows.bulk_create(
            objects, update_conflicts=True, update_fields=names, unique_fields=target
        )
        return len(made)

    def changed(self, instance, values, is_partial):
        if instance is None:
            return None
        for name, value in values.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(values) if is_partial else None)
        instance.refresh_from_db()
        return self.state(instance)

    @staticmethod
    def gone(instance):
        return None if instance is None else instance.delete()[0]


def twins():
    """The model in one table and the model in parts."""
    return Twin(Plain), Twin(Person)
