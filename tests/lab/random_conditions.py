"""Random conditions and expressions over relations, as the Python code that a user would write."""

from django.db.models import Model
from hypothesis import strategies as st

from lab.library import models as library
from lab.library.paths import Column, columns, key_of, own_columns, paths
from lab.library.rows import Agreement, values

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
OUTPUT_FIELDS = {
    "int": "IntegerField()",
    "decimal": "DecimalField(max_digits=20, decimal_places=2)",
    "float": "FloatField()",
    "text": "CharField()",
    "bool": "BooleanField()",
    "date": "DateField()",
    "datetime": "DateTimeField()",
    "duration": "DurationField()",
    "time": "TimeField()",
    "uuid": "UUIDField()",
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
        return self.draw(st.sampled_from(options))

    def chance(self, one_in):
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

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
        shape = self.draw(st.integers(0, 7)) if depth else 0
        if shape <= 3:
            return self.leaf()
        if shape == 4:
            return f"~{self.condition(depth - 1)}"
        sign = "&" if shape == 5 else "|"
        return f"({self.condition(depth - 1)} {sign} {self.condition(depth - 1)})"

    def leaf(self) -> str:
        kind = self.draw(st.integers(0, 11))
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

    def comparison(self) -> str:
        """Two columns, the one perhaps with something added."""
        left, kind = self.term()
        right = self.column((kind,))
        if right is None or kind in {"json", "binary"}:
            return f"Q({left}__isnull=False)"
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
        return f'Q({left.lookup}__in={self.filtered(inner)}.values("{chosen.lookup}"))'

    def scalar_subquery(self):
        """(source, kind) of one value of one row of another queryset."""
        inner = self.inner(correlated=True)
        source = self.filtered(inner, correlated=True)
        column = inner.column(ALL_KINDS, single=True, hops=1)
        if self.chance(3):
            return f'Subquery({source}.values("pk").annotate(n=Count("pk")).values("n")[:1])', "int"
        order = inner.order_by([("pk", key_of(inner.model))])
        return f'Subquery({source}{order}.values("{column.lookup}")[:1])', column.kind

    # -- Expressions

    def expression(self, kinds=ALL_KINDS) -> tuple[str, str]:
        """(source, kind) of a value computed for each row."""
        column = self.column(kinds)
        kind, plain = column.kind, f'F("{column.lookup}")'
        shape = self.draw(st.integers(0, 9))
        if shape == 9:
            source = f"ExpressionWrapper({self.condition(1)}, output_field=BooleanField())"
            return source, "bool"
        if shape == 8 and self.depth < 2:
            return self.scalar_subquery()
        if shape == 7 and kind == "text":
            return f"{self.pick('Upper', 'Lower', 'Length')}({plain})", "transformed"
        return self._computed(shape, kind, plain), kind

    def _computed(self, shape, kind, plain):
        if shape == 3:
            return f"Coalesce({plain}, {self.constant(kind)})"
        if shape in {4, 5}:
            return self.case(kind, plain)
        if shape == 6 and kind in NUMBERS:
            return self.arithmetic(kind, plain)
        return plain

    def constant(self, kind):
        return f"Value({self.literal(kind, asked=False)}, output_field={OUTPUT_FIELDS[kind]})"

    def case(self, kind, plain):
        first, last = self.pick((plain, self.constant(kind)), (self.constant(kind), plain))
        default = f", default={last}" if self.chance(2) else ""
        return (
            f"Case(When({self.condition(1)}, then={first}){default}"
            f", output_field={OUTPUT_FIELDS[kind]})"
        )

    def arithmetic(self, kind, plain):
        other = self.column((kind,))
        sign = self.pick("+", "-", "*") if kind != "decimal" else self.pick("+", "-")
        return (
            f'ExpressionWrapper({plain} {sign} F("{other.lookup}")'
            f", output_field={OUTPUT_FIELDS[kind]})"
        )

    def aggregate(self):
        """(source, kind) of a value computed for each group."""
        name = self.pick("Count", "Sum", "Min", "Max", "Avg")
        kinds = {"Count": None, "Sum": SUMMED, "Avg": NUMBERS}.get(name, COMPARED)
        if name == "Count" and self.chance(2):
            path = self.pick(*paths(self.model, self.pick(1, 2, 3)))
            self.many = self.many or path.many
            subject, kind = path.lookup, "int"
        else:
            column = self.column(kinds)
            if column.kind in {"json", "binary"}:
                return 'Count("pk")', "int"
            subject, kind = column.lookup, column.kind
        options = ", distinct=True" if name in {"Count", "Sum"} and self.chance(3) else ""
        if self.chance(4):
            options += f", filter={self.condition(1)}"
        if name == "Sum" and self.chance(4):
            options += f", default={self.constant(kind)}"
        kind = {"Count": "int", "Avg": "float" if kind != "decimal" else kind}.get(name, kind)
        return f'{name}("{subject}"{options})', kind

    def window(self):
        """(source, kind) of a value computed over a partition; ties share it."""
        name = self.pick("Rank()", "RowNumber()", "DenseRank()", "Sum", "Count")
        parts = [self.column(ALL_KINDS) for _ in range(self.pick(1, 0, 2))]
        order = self.column(COMPARED)
        kind = "int"
        if name in {"Sum", "Count"}:
            subject = self.column(("int",))
            name = f'{name}("{subject.lookup}")'
        direction = self.pick("asc", "desc")
        by = [f'F("{order.lookup}").{direction}({self.nulls()})']
        if name == "RowNumber()":
            name = "Rank()" if self.many else name
            by.append('F("pk").asc()')
        partition = ", ".join(f'F("{part.lookup}")' for part in parts)
        return f"Window({name}, partition_by=[{partition}], order_by=[{', '.join(by)}])", kind

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
