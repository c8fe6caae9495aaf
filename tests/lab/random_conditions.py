"""Random conditions and expressions over relations, as the Python code that a user would write."""

from django.db.models import Model

from lab.library import models as library
from lab.library.paths import Column, columns, key_of, own_columns, paths
from lab.library.rows import Agreement, below, choose, values

MODELS = (
    *(library.Book, library.Author, library.Review, library.Publisher, library.Country),
    *(library.Tag, library.Passport, library.Note, library.Handbook),
)
NUMBERS = ("int", "decimal", "float")
SUMMED = (*NUMBERS, "duration")
COMPARED = (*SUMMED, "text", "date", "datetime", "time")
ALL_KINDS = (*COMPARED, "bool", "uuid")
ORDERED_LOOKUPS = ("exact", "gt", "gte", "lt", "lte", "in", "range", "isnull")
LOOKUPS = {
    "text": (*ORDERED_LOOKUPS, "contains", "startswith", "endswith", "iexact", "icontains"),
    "bool": ("exact", "in", "isnull"),
    "uuid": ("exact", "in", "isnull"),
    "json": ("isnull", "a"),
    "binary": ("isnull",),
    "date": (*ORDERED_LOOKUPS, "year", "month__gt"),
    "datetime": ORDERED_LOOKUPS,
}


class Conditions:
    """Draws conditions and expressions, each as source, for rows of one model."""

    def __init__(self, draw, agreement: Agreement, model: type[Model], *, depth=0):
        self.draw = draw
        self.agreement = agreement
        self.model = model
        self.depth = depth
        """How many subqueries surround this one."""
        self.outer = None
        self.annotations: list[tuple[str, str]] = []
        """Name and kind of those that conditions may use."""
        self.many = False
        """Whether anything so far may have multiplied the rows."""

    def pick(self, *options):
        return choose(self.draw, options)

    def chance(self, one_in):
        return self.draw(below(one_in)) == one_in - 1

    # -- Columns and values

    def column(self, kinds=None, *, single=False, hops=3) -> Column | None:
        """A column of one of these kinds, near or far; ``None``: there is none."""
        away = self.pick(*[h for h in (0, 1, 2, 1, 2, 3) if h <= hops])
        for distance in (away, *(h for h in (1, 2, 3, 0) if h != away and h <= hops)):
            found = columns(self.model, distance, kinds)
            if single:
                found = tuple(column for column in found if not column.many)
            if found:
                column = self.pick(*found)
                self.many = self.many or column.many
                return column
        return None

    def literal(self, kind, *, asked=True):
        if kind == "text" and asked:
            return repr(self.pick(*self.agreement.asked))
        return repr(self.pick(*values(self.agreement, kind)))

    def term(self) -> tuple[str, str]:
        """What stands on the left of a condition: a lookup and its kind."""
        if self.annotations and not self.chance(3):
            return self.pick(*self.annotations)
        column = self.column()
        return column.lookup, column.kind

    # -- Conditions

    def condition(self, depth=2) -> str:
        """A tree of conditions."""
        shape = self.draw(below(8)) if depth else 0
        if shape <= 3:
            return self.leaf()
        if shape == 4:
            return f"~{self.condition(depth - 1)}"
        sign = "&" if shape == 5 else "|"
        return f"({self.condition(depth - 1)} {sign} {self.condition(depth - 1)})"

    def leaf(self) -> str:
        kind = self.draw(below(12))
        if self.outer is not None and kind in {8, 9}:
            return self.correlation()
        if kind <= 5:
            return self.lookup()
        if kind <= 7:
            return self.comparison()
        if kind == 8:
            return self.relation()
        if self.depth >= 2:
            return self.lookup()
        return self.exists() if kind == 9 else self.membership()

    def lookup(self) -> str:
        left, kind = self.term()
        return f"Q({left}{self._looked_up(kind)})"

    def _looked_up(self, kind):
        if kind.startswith("key:"):
            lookup = self.pick("exact", "in", "isnull")
        else:
            lookup = self.pick(*LOOKUPS.get(kind, ORDERED_LOOKUPS))
        suffix = f"__{lookup}" if lookup != "exact" else ""
        if lookup == "isnull":
            return f"{suffix}={self.pick(True, False)}"
        if lookup == "in":
            chosen = ", ".join(self.literal(kind) for _ in range(self.pick(2, 1, 0)))
            return f"{suffix}=[{chosen}]"
        if lookup == "range":
            return f"{suffix}=({self.literal(kind)}, {self.literal(kind)})"
        if lookup in {"year", "month__gt"}:
            return f"{suffix}={self.pick(2020, 1)}"
        if lookup == "a":
            return f"{suffix}=1"
        return f"{suffix}={self.literal(kind)}"

    def between(self, left, kind) -> str:
        """A column lies between others, or is one of them."""
        others = [self.column((kind,)).lookup for _ in range(2)]
        shape = self.pick("in=[{}, {}]", "range=({}, {})")
        return f"Q({left}__{shape.format(*(f'F({other!r})' for other in others))})"

    def comparison(self) -> str:
        """Two columns, the one perhaps with something added."""
        left, kind = self.term()
        right = self.column((kind,))
        if right is None or kind in {"json", "binary"}:
            return f"Q({left}__isnull=False)"
        if kind in NUMBERS and self.chance(4):
            return self.between(left, kind)
        sign = self.pick("", "__gt", "__lte")
        if kind.startswith("key:") or kind in {"bool", "uuid"}:
            sign = ""
        plus = " + 1" if kind == "int" and self.chance(3) else ""
        return f'Q({left}{sign}=F("{right.lookup}"){plus})'

    def relation(self) -> str:
        """Whether a relation leads anywhere."""
        path = self.pick(*paths(self.model, self.pick(1, 2)))
        self.many = self.many or path.many
        return f"Q({path.lookup}__isnull={self.pick(True, False)})"

    def correlation(self) -> str:
        """A column of the subquery equals one of the query around it."""
        for kind in self.pick(("keys", "others"), ("others", "keys")):
            kinds = [k for k in self.outer.kinds() if k.startswith("key:") == (kind == "keys")]
            own = columns(self.model, self.pick(0, 1), tuple(kinds))
            if own:
                mine = self.pick(*own)
                other = self.outer.column((mine.kind,))
                return f'Q({mine.lookup}=OuterRef("{other.lookup}"))'
        return self.lookup()

    def kinds(self):
        """Kinds of the model's own columns that compare with equality."""
        return [k for k in own_columns(self.model).values() if k not in {"json", "binary"}]

    # -- Subqueries

    def inner(self, model=None, *, correlated=False):
        """Conditions for a subquery on ``model``, or on any."""
        made = Conditions(
            self.draw, self.agreement, model or self.pick(*MODELS), depth=self.depth + 1
        )
        made.outer = self if correlated else None
        return made

    def filtered(self, inner, *, correlated=False):
        """The source of the subquery's queryset."""
        source = f"{inner.model.__name__}.objects"
        if correlated:
            source += f".filter({inner.correlation()})"
        if not correlated or self.chance(2):
            source += f".{inner.pick('filter', 'exclude')}({inner.condition(1)})"
        return source

    def exists(self) -> str:
        inner = self.inner(correlated=True)
        return f"Exists({self.filtered(inner, correlated=True)})"

    def membership(self) -> str:
        """``__in`` with a queryset, of objects or of one column."""
        left = self.column()
        if left.kind in {"json", "binary"}:
            return f"Q({left.lookup}__isnull=True)"
        candidates = [
            m for m in MODELS if columns(m, 0, (left.kind,)) or columns(m, 1, (left.kind,))
        ]
        inner = self.inner(self.pick(*candidates))
        chosen = inner.column((left.kind,), hops=1)
        source = f'{self.filtered(inner)}.values("{chosen.lookup}")'
        if self.chance(6):
            last = [("pk", key_of(inner.model)), (chosen.lookup, chosen.kind)]  # it may be several
            source += f"{inner.order_by(last[: 1 + chosen.many])}[:2]"
        return f"Q({left.lookup}__in={source})"

    def nulls(self):
        """Vendors put NULLs first or last: where they are mixed, the query says it."""
        if self.agreement.alike and not self.chance(3):
            return ""
        return self.pick("nulls_first=True", "nulls_last=True")

    def order_by(self, last, *, extra=True):
        """``.order_by(...)`` that begins with anything and ends with all of ``last``."""
        terms = []
        if extra:
            for _ in range(self.pick(1, 0, 2)):
                column = self.column(COMPARED)
                terms.append(self.ordering(column.lookup))
        terms += [self.ordering(name) for name, kind in last if kind != "json"]
        return f".order_by({', '.join(terms)})"

    def ordering(self, name):
        if self.agreement.alike and not self.chance(4):
            return repr(self.pick("", "-") + name)
        return f'F("{name}").{self.pick("asc", "desc")}({self.nulls()})'
