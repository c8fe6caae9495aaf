"""Random values computed for each row, each group or each partition, as the code of a user."""

from lab.library.paths import key_of, paths
from lab.library.rows import below
from lab.random_conditions import ALL_KINDS, COMPARED, NUMBERS, SUMMED, Conditions

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


class Expressions(Conditions):
    """Draws (source, kind) of values that an annotation can hold."""

    # -- Rows

    def scalar_subquery(self):
        """(source, kind) of one value of one row of another queryset."""
        inner = self.inner(correlated=True)
        source = self.filtered(inner, correlated=True)
        column = inner.column(ALL_KINDS, single=True, hops=1)
        if self.chance(3):
            return f'Subquery({source}.values("pk").annotate(n=Count("pk")).values("n")[:1])', "int"
        order = inner.order_by([("pk", key_of(inner.model))])
        return f'Subquery({source}{order}.values("{column.lookup}")[:1])', column.kind

    def expression(self, kinds=ALL_KINDS) -> tuple[str, str]:
        """(source, kind) of a value computed for each row."""
        column = self.column(kinds)
        kind, plain = column.kind, f'F("{column.lookup}")'
        shape = self.draw(below(10))
        if shape == 9:
            source = f"ExpressionWrapper({self.condition(1)}, output_field=BooleanField())"
            return source, "bool"
        if shape == 8 and self.depth < 2:
            return self.scalar_subquery()
        if shape == 7:
            return self.function(kind, plain)
        return self._computed(shape, kind, plain), kind

    def _computed(self, shape, kind, plain):
        if shape == 3:
            return f"Coalesce({plain}, {self.constant(kind)})"
        if shape in {4, 5}:
            return self.case(kind, plain)
        if shape == 6 and kind in NUMBERS:
            return self.arithmetic(kind, plain)
        return plain

    def function(self, kind, plain):
        other = self.column((kind,)).lookup
        if kind == "text":
            return f"{self.pick('Upper', 'Lower', 'Length')}({plain})", "transformed"
        if kind in {"date", "datetime"}:
            return f"ExtractYear({plain})" if kind == "date" else plain, "transformed"
        if kind in NUMBERS:
            name = self.pick("Abs", "Greatest", "Least", "NullIf")
            arguments = plain if name == "Abs" else f'{plain}, F("{other}")'
            return f"{name}({arguments})", kind
        return plain, kind

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

    # -- Groups and partitions

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
        subject = f'"{subject}"'
        if kind in NUMBERS and self.chance(3):
            subject = self._computed(self.pick(3, 4, 6), kind, f"F({subject})")
        options = ", distinct=True" if name in {"Count", "Sum"} and self.chance(3) else ""
        if self.chance(4):
            options += f", filter={self.condition(1)}"
        if name == "Sum" and self.chance(4):
            options += f", default={self.constant(kind)}"
        kind = {"Count": "int", "Avg": "float" if kind != "decimal" else kind}.get(name, kind)
        return f"{name}({subject}{options})", kind

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
