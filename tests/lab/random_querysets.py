"""Random questions to the ORM: Python code that runs as it is printed, on any database."""

from dataclasses import dataclass

from django.db import models
from hypothesis import strategies as st

from lab.library.paths import accessors, columns, key_of, own_columns, paths, relations
from lab.library.rows import below, choose
from lab.random_conditions import ALL_KINDS, COMPARED, MODELS, SUMMED, Conditions
from lab.random_expressions import OUTPUT_FIELDS, Expressions

CHANGED = ("Author", "Book", "Country", "Note", "Passport", "Publisher", "Review", "Tag")


@dataclass(frozen=True)
class Question:
    """What is asked of the ORM."""

    model: type[models.Model]
    """Its home is the host of the query."""

    code: str

    ordered: bool = True
    """Whether the order of the answer is determined."""

    changes: bool = False
    """Whether it writes: the tables afterwards belong to the answer."""

    def __repr__(self):
        return self.code


@st.composite
def questions(draw, agreement, *, writes=True):
    """Anything that is asked of the library."""
    kinds = [Objects, Values, Groups, Numbers, Combined, Objects, Values, Filtered, Related]
    if writes:
        kinds += [Changes, Changes, Tagging]
    teller = choose(draw, kinds)(draw, agreement, choose(draw, MODELS))
    question = teller.question()
    if teller.many and "RowNumber" in question.code:  # which of the equal rows comes first?
        code = question.code.replace("RowNumber()", "Rank()")
        return Question(question.model, code, question.ordered, question.changes)
    return question


class Queryset(Expressions):
    """Draws a queryset, step by step."""

    def __init__(self, draw, agreement, model):
        super().__init__(draw, agreement, model)
        self.name = model.__name__
        self.shown: list[tuple[str, str]] = []
        """Annotations in the answer: name and kind."""

    def start(self, *, most=2):
        """The model and some conditions."""
        source = f"{self.name}.objects"
        for _ in range(min(most, self.pick(0, 1, 1, 2))):
            source += f".{self.pick('filter', 'exclude')}({self.condition()})"
        return source

    def annotate(self, *makers):
        """``.annotate(...)``, and perhaps conditions on it."""
        if not makers:
            return ""
        parts = []
        for maker in makers:
            source, kind = maker()
            name = f"a{len(self.shown) + 1}"
            parts.append(f"{name}={source}")
            self.shown.append((name, kind))
            if kind in OUTPUT_FIELDS or kind.startswith("key:"):
                self.annotations.append((name, kind))
        found = f".annotate({', '.join(parts)})"
        if self.annotations and self.chance(3):
            found += f".{self.pick('filter', 'exclude')}({self.condition(1)})"
        return found

    def computed(self):
        """Annotations of one nature: expressions, aggregates or windows."""
        nature = self.pick(None, self.expression, self.aggregate, self.window, None)
        if nature is None:
            return ""
        found = self.annotate(*[nature] * self.pick(1, 2))
        if self.chance(6):
            found += self.annotate(self.pick(self.expression, self.aggregate, self.window))
        return found

    def order_by(self, last, *, extra=True):
        """As for conditions, perhaps by an expression first."""
        found = super().order_by(last, extra=extra)
        if not extra or not self.chance(6):
            return found
        source, _ = self.expression(COMPARED)
        return found.replace("(", f"({source}.{self.pick('asc', 'desc')}({self.nulls()}), ", 1)

    def slice(self):
        if not self.chance(3):
            return ""
        return self.pick("[:2]", "[1:3]", "[:1]", "[1:]")


class Objects(Queryset):
    """Instances, with what comes along."""

    def question(self):
        source = self.start() + self.computed() + self.companions()
        if self.chance(4):
            source += ".distinct()"
        last = [*self.shown, ("pk", key_of(self.model))]
        # What is prefetched refers back to one of the objects of a row: to which, the order says.
        is_shared = self.many and ".prefetch_related(" in source
        if self.chance(8) and not is_shared:
            return Question(self.model, f"list({source})", ordered=False)
        source += self.order_by(last)
        return Question(self.model, self.end(source))

    def companions(self):
        """``select_related``, ``prefetch_related``, ``only``, ``defer``."""
        chosen = ""
        joins = [p.lookup for hops in (1, 2, 3) for p in paths(self.model, hops) if p.joins]
        if joins and self.chance(2):
            names = [self.pick(*joins) for _ in range(self.pick(1, 2))]
            chosen += f".select_related({', '.join(map(repr, names))})"
        if self.chance(3):
            chosen += f".prefetch_related({self.prefetch()})"
        if self.chance(5):
            names = [name for name in own_columns(self.model) if name != "pk"]
            verb = self.pick("only", "defer")
            chosen += f".{verb}({', '.join(repr(self.pick(*names)) for _ in range(2))})"
        return chosen

    def prefetch(self):
        lookup, model = self.pick(*accessors(self.model, self.pick(1, 2)))
        if self.model.__name__ == "Note" or (lookup.endswith("notes") and self.chance(2)):
            return repr("target" if self.model.__name__ == "Note" else f"{lookup}__target")
        if self.chance(2):
            return repr(lookup)
        inner = Conditions(self.draw, self.agreement, model, depth=1)
        source = f"{self.filtered(inner)}{inner.order_by([('pk', key_of(model))])}"
        to_attr = ', to_attr="found"' if self.chance(3) else ""
        return f'Prefetch("{lookup}", queryset={source}{to_attr})'

    def end(self, source):
        """How the objects are asked for."""
        ways = [lambda: f"list({source}{self.slice()})"] * 4
        ways += [
            lambda: f"{source}.{self.pick('first', 'last')}()",
            lambda: f"list({source}.iterator(chunk_size=2))",
            lambda: f"{source}.in_bulk([{self._key()}, {self._key()}])",
            lambda: f"{source}.get({self.condition(1)})",
            lambda: f"list({source}.reverse(){self.slice()})",
        ]
        if not (self.many and self.shown):  # else one object comes with several annotations
            ways.append(
                lambda: f"{source}.{self.pick('earliest', 'latest')}({self._own()!r}, 'pk')"
            )
        return self.pick(*ways)()

    def _key(self):
        return self.literal(key_of(self.model))

    def _own(self):
        """A column of the model itself that sorts."""
        return self.pick(*(n for n, kind in own_columns(self.model).items() if kind in COMPARED))


class Related(Queryset):
    """What the managers and attributes of objects give."""

    def question(self):
        name, model = self.pick(*accessors(self.model, 1))
        each = f"{self.start(most=1)}{self.order_by([('pk', key_of(self.model))])}"
        field = next(p for p in relations(self.model) if p.model is model)
        inner = Conditions(self.draw, self.agreement, model)
        order = inner.order_by([("pk", key_of(model))])
        related = f"list(each.{name}.{self.pick('filter', 'exclude')}({inner.condition(1)}){order})"
        if not field.many:
            related = f'getattr(each, "{name}", None)'
        return Question(self.model, f"[{related} for each in {each}]")


class Filtered(Objects):
    """Instances with a condition on a relation itself."""

    def question(self):
        found = super().question()
        joined = '.select_related("fr")'
        if joined not in found.code:
            return found
        whole = found.code.partition(joined)[0].removeprefix("list(") + joined
        return Question(self.model, f"list({whole})", ordered=False)  # several may have one key

    def start(self, *, most=1):
        path = self.pick(*paths(self.model, self.pick(1, 2)))
        near = self.pick(*columns(path.model, 0))
        condition = f"Q({path.lookup}__{near.lookup}{self._looked_up(near.kind)})"
        if self.chance(2):
            column = self.pick(*columns(self.model, 0))
            sign = self.pick("&", "|")
            condition = f"({condition} {sign} Q({column.lookup}{self._looked_up(column.kind)}))"
        found = columns(path.model, self.pick(0, 1), COMPARED) or columns(path.model, 0)
        far = self.pick(*found)
        self.many = True
        use = self.pick(
            f"filter(fr__{far.lookup}{self._looked_up(far.kind)})",
            "filter(fr__isnull=True)",
            'annotate(n=Count("fr"))',
            f'annotate(n=F("fr__{far.lookup}"))',
            'select_related("fr")',
        )
        if use.startswith("annotate"):
            self.shown.append(("n", "json" if far.kind == "binary" else "int"))
        relation = f'fr=FilteredRelation("{path.lookup}", condition={condition})'
        return f"{self.name}.objects.annotate({relation}).{use}"


class Values(Queryset):
    """Dictionaries and tuples, of columns near and far."""

    def question(self):
        source = self.start() + self.computed()
        chosen = {column.lookup: column.kind for column in self.chosen()}
        chosen.update(self.pick({}, dict(self.shown)))
        names = ", ".join(map(repr, chosen))
        if len(chosen) == 1 and self.chance(3):
            source += f".values_list({names}, flat=True)"
        else:
            source += f".{self.pick('values', 'values_list')}({names})"
        distinct = self.chance(3)
        if distinct:
            source += ".distinct()"
        determined = "json" not in chosen.values()
        last = list(chosen.items())
        if self.chance(6) or (self.many and not determined):
            return Question(self.model, f"list({source})", ordered=False)
        source += self.order_by(last, extra=not distinct or not self.chance(3))
        return Question(self.model, self.end(source, sliced=determined), ordered=determined)

    def chosen(self):
        return [self.column() for _ in range(self.pick(1, 2, 3))]

    def end(self, source, *, sliced):
        if sliced and self.chance(8):
            return f"{source}.{self.pick('first', 'last')}()"
        if self.chance(8):
            return f"list({source}.iterator(chunk_size=2))"
        return f"list({source}{self.slice() if sliced else ''})"


class Groups(Queryset):
    """Aggregates of groups, and conditions on them."""

    def question(self):
        source = self.start(most=1)
        if self.chance(4):
            source += self.annotate(self.expression)
        grouped = [self.column(ALL_KINDS) for _ in range(self.pick(1, 2))]
        last = [(column.lookup, column.kind) for column in grouped]
        last += self.shown
        self.annotations = []
        source += f".values({', '.join(repr(name) for name, _ in last)})"
        already = len(self.shown)
        source += self.annotate(*[self.aggregate] * self.pick(1, 2))
        last += self.shown[already:]
        source += self.order_by(last, extra=False)
        return Question(self.model, f"list({source}{self.slice()})")


class Numbers(Queryset):
    """One number, or a few."""

    def question(self):
        source = self.start() + self.computed()
        if self.chance(4):
            source += ".distinct()"
        if self.chance(4) and "Window" not in source:
            source += self.order_by([*self.shown, ("pk", key_of(self.model))]) + self.slice()
        end = self.pick("count()", "exists()", "aggregate", "contains", "dates")
        if end == "aggregate" and source.endswith("]"):
            end = 'aggregate(n=Count("pk"))'
        elif end == "aggregate":
            end = f"aggregate({', '.join(self._aggregates())})"
        elif end == "contains":
            end = f"filter(pk={self.literal(key_of(self.model))}).exists()"
        elif end == "dates":
            return self._dates(source)
        return Question(self.model, f"{source}.{end}")

    def _aggregates(self):
        for number in range(self.pick(1, 2)):
            known = [name for name, kind in self.shown if kind in SUMMED]
            if known and self.chance(2):
                yield f'n{number}={self.pick("Sum", "Max", "Count")}("{self.pick(*known)}")'
            else:
                yield f"n{number}={self.aggregate()[0]}"

    def _dates(self, source):
        column = self.column(("date",))
        if column is None or source.endswith("]"):
            return Question(self.model, f"{source}.count()")
        return Question(
            self.model, f'list({source}.dates("{column.lookup}", {self.pick("year", "month")!r}))'
        )


class Combined(Queryset):
    """Unions, intersections and differences."""

    def question(self):
        if self.chance(3):
            return self._of_objects()
        kinds = tuple(self.column(ALL_KINDS).kind for _ in range(self.pick(1, 2)))
        sources = [self._values(kinds, self.model)]
        sources += [self._values(kinds, self.pick(*MODELS)) for _ in range(self.pick(1, 2))]
        return Question(self.model, f"list({self._combined(sources)})", ordered=False)

    def _combined(self, sources):
        verb = self.pick("union", "union", "intersection", "difference")
        options = ", all=True" if verb == "union" and self.chance(2) else ""
        return f"{sources[0]}.{verb}({', '.join(sources[1:])}{options})"

    def _values(self, kinds, model):
        """The source of a queryset that gives columns of these kinds, if ``model`` has them near."""
        part = Queryset(self.draw, self.agreement, model)
        found = [part.column((kind,)) for kind in kinds]
        if None in found:
            part = Queryset(self.draw, self.agreement, self.model)
            found = [part.column((kind,)) for kind in kinds]
        names = ", ".join(f'"{column.lookup}"' for column in found)
        return f"{part.start(most=1)}.values_list({names})"

    def _of_objects(self):
        parts = [Queryset(self.draw, self.agreement, self.model) for _ in range(2)]
        source = self._combined([part.start() for part in parts])
        if self.chance(3):
            return Question(self.model, f"{source}.count()")
        names = [n for n, kind in own_columns(self.model).items() if kind in COMPARED]
        order = f'"{self.pick(*names)}", ' if self.agreement.alike else ""
        return Question(self.model, f'list({source}.order_by({order}"pk"){self.slice()})')


class Changes(Queryset):
    """Updates and deletions of what conditions on other tables select."""

    def question(self):
        if self.name not in CHANGED:
            self.model = self.pick(*(model for model in MODELS if model.__name__ in CHANGED))
            self.name = self.model.__name__
        source = self.start()
        if self.chance(4):
            source += self.annotate(self.pick(self.expression, self.aggregate))
        end = "delete()" if self.chance(2) else f"update({self._assignment()})"
        return Question(self.model, f"{source}.{end}", changes=True)

    def _assignment(self):
        own = {n: k for n, k in own_columns(self.model).items() if n not in {"pk", "object_id"}}
        name = self.pick(*own)
        kind = own[name]
        null = self.model._meta.get_field(name).null
        way = self.draw(below(5))
        if way == 4 and kind in {"int", "text"} and null:
            inner = self.inner(correlated=True)
            column = inner.column((kind,), single=True, hops=1)
            if column is not None:
                order = inner.order_by([("pk", key_of(inner.model))])
                found = (
                    f'{self.filtered(inner, correlated=True)}{order}.values("{column.lookup}")[:1]'
                )
                return f"{name}=Subquery({found})"
        if way == 3 and kind == "int":
            return f'{name}=F("{name}") + 1'
        if way == 2 and kind in OUTPUT_FIELDS:
            case = f"Case(When({self.condition(1)}, then={self.constant(kind)})"
            return f'{name}={case}, default=F("{name}"))'
        if null and self.chance(4):
            return f"{name}=None"
        return f"{name}={self.literal(kind, asked=False)}"


class Tagging(Queryset):
    """Changes of a relation of many to many, from either side."""

    def question(self):
        names = self.pick(
            ("Book", "tags", "Tag"), ("Tag", "books", "Book"), ("Handbook", "tags", "Tag")
        )
        found = {model.__name__: model for model in MODELS}
        self.model, other = found[names[0]], found[names[2]]
        one = f"{names[0]}.objects.get(pk={self.literal(key_of(self.model))}).{names[1]}"
        inner = Conditions(self.draw, self.agreement, other)
        chosen = f"{names[2]}.objects.filter({inner.condition(1)})"
        change = self.pick(f"add(*{chosen})", f"set({chosen})", f"remove(*{chosen})", "clear()")
        return Question(self.model, f"{one}.{change}", changes=True)
