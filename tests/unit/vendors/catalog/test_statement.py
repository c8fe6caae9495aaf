"""Words of CREATE statements."""

import pytest

from django_fleet.vendors.catalog import statement


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (
            'CREATE TABLE "Shop Book" (`a``b` [c d])',
            ["create", "table", '"Shop Book"', "(", '"a`b"', '"c d"', ")"],
        ),
        ("x -- to the end ')\n/* and ( */ y", ["x", "y"]),
        ("DEFAULT 'It''s -- Ours'", ["default", "'It''s -- Ours'"]),
        ('a<>1.5||"b""c"', ["a", "<>", "1.5", "||", '"b""c"']),
    ],
)
def test_words_are_kept_as_they_compare(sql, found):
    """Bare words in lower case, names in one kind of quotes, strings untouched, no comments."""
    assert statement.words(sql) == found


def test_a_name_goes_and_comes_back():
    """With quotes inside."""
    for name in ("plain", 'with "quotes"', "with `ticks`"):
        assert statement.unquoted(statement.quoted(name)) == name


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ('CHECK  (("Price" >= 0 AND  f( a ,b )))', "check ((price >= 0 and f (a, b)))"),
        ("DEFAULT 'A ( b'", "default 'A ( b'"),
        ('REFERENCES "my table" ("id")', 'references "my table" (id)'),
    ],
)
def test_two_spellings_are_one_text(sql, text):
    """Blanks, needless quotes and capitals make no difference; within strings they do."""
    assert statement.text(statement.words(sql)) == text


def test_parts_between_commas():
    """Commas inside parentheses belong to their part."""
    body, end = statement.inside(statement.words("t (a decimal(5, 2), b text) strict"))
    assert [statement.text(item) for item in statement.items(body)] == [
        "a decimal (5, 2)",
        "b text",
    ]
    assert end == len(body) + 3
    with pytest.raises(ValueError, match="not closed"):
        statement.inside(["(", "a"])


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("a int NOT NULL DEFAULT 5", ["a int", "not null", "default 5"]),
        (
            "a int NULL REFERENCES t (id) ON DELETE SET NULL ON UPDATE SET DEFAULT NOT DEFERRABLE",
            [
                "a int",
                "null",
                "references t (id) on delete set null on update set default not deferrable",
            ],
        ),
        ("a DEFAULT NULL UNIQUE", ["a", "default null", "unique"]),
        (
            "a text CONSTRAINT c CHECK (a IS NOT NULL) COLLATE NOCASE",
            ["a text", "constraint c", "check (a is not null)", "collate nocase"],
        ),
        (
            "a int GENERATED ALWAYS AS (b + 1) STORED",
            ["a int", "generated always as (b + 1) stored"],
        ),
        ("a int AS (b)", ["a int", "as (b)"]),
    ],
)
def test_a_column_is_cut_before_each_constraint(sql, parts):
    """Words that mean something else in another place cut nothing."""
    assert [statement.text(part) for part in statement.clauses(statement.words(sql))] == parts


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ('"a", "b" DESC, c COLLATE NOCASE', ("a", "b", "c")),
        ("lower(a)", ()),
        ("a, b + 1", ()),
        ("'text'", ()),
    ],
)
def test_columns_that_a_list_names(sql, columns):
    """None at all where one of them is an expression."""
    assert statement.names(statement.words(sql)) == columns
