"""What a statement does, told by its words; what cannot be told counts as a write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql as pg

from django_fleet.routing import statement
from django_fleet.routing.statement import Kind, first_word, is_plain_select, kind_of

READS = [
    "SELECT 1",
    "select 1",
    "  \n\tSELECT 1",
    "(SELECT 1)",
    "((SELECT 1) UNION (SELECT 2)) ORDER BY 1",
    "SELECT\n1",
    "SELECT a FROM t WHERE b = 'FOR UPDATE'",
    "SELECT 'INSERT INTO t; DELETE FROM t'",
    "SELECT 'it''s; DELETE FROM t'",
    'SELECT "DELETE", "FOR UPDATE" FROM "INSERT INTO"',
    'SELECT "a""; DELETE FROM t" FROM t',
    "SELECT `UPDATE` FROM `INTO`",
    "SELECT $$ DELETE FROM t; $$",
    "SELECT $tag$ it's; DELETE FROM t $tag$",
    "SELECT 1 -- FOR UPDATE",
    "SELECT 1 /* INTO t; DELETE FROM t */",
    "/* DELETE */ SELECT 1",
    "-- DELETE FROM t\nSELECT 1",
    "SELECT 1;",
    "SELECT 1; SELECT 2;",
    "SELECT REPLACE(a, 'x', 'y') FROM t; SELECT 2",
    "WITH x AS (SELECT replace (a, 'b', 'c') FROM t) SELECT * FROM x",
    "WITH x AS (SELECT INSERT('Quadratic', 3, 4, 'What')) SELECT * FROM x",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT * FROM x",
    "SELECT updated, deleted_at, inserted FROM t; SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "explain (analyze, buffers) select 1",
    "COPY t TO STDOUT",
    "copy (select * from t) to stdout with (format csv)",
    "DECLARE c NO SCROLL CURSOR FOR SELECT 1",
    "FETCH FORWARD 10 FROM c",
    "TABLE t",
    "VALUES (1), (2)",
]
KEEPS = [
    "EXPLAIN DELETE FROM t",
    "EXPLAIN (VERBOSE, COSTS) UPDATE t SET a = 1",
    "EXPLAIN QUERY PLAN SELECT 1",
    "SET search_path = x",
    "SET SESSION TRANSACTION READ ONLY",
    "SHOW server_version",
    "PRAGMA foreign_keys",
    "SAVEPOINT s1",
    "RELEASE SAVEPOINT s1",
    "ROLLBACK TO SAVEPOINT s1",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "START TRANSACTION READ ONLY",
    "COMMIT",
    "END",
    "CLOSE c",
    "LISTEN news",
    "DESCRIBE t",
    "USE shop",
    "",
    " ; ;\n",
]

LOCKS = [
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t WHERE a = %s FOR UPDATE OF t SKIP LOCKED",
    "SELECT * FROM t FOR NO KEY UPDATE",
    "SELECT * FROM t FOR SHARE",
    "SELECT * FROM t FOR KEY SHARE NOWAIT",
    "SELECT * FROM t LOCK IN SHARE MODE",
    "(SELECT * FROM t FOR UPDATE)",
    "select * from t for update",
    "SELECT * FROM t\nFOR\n  UPDATE",
    "WITH x AS (SELECT 1) SELECT * FROM t FOR UPDATE",
    "EXPLAIN ANALYZE SELECT * FROM t FOR UPDATE",
    "SELECT 1; SELECT * FROM t FOR SHARE",
]

WRITES = [
    "INSERT INTO t VALUES (1)",
    "insert into t values (1)",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE",
    "REPLACE INTO t VALUES (1)",
    "REPLACE t (a) VALUES (1)",
    "TRUNCATE t",
    "CREATE TABLE t (a int)",
    "CREATE TEMPORARY TABLE t AS SELECT 1",
    "ALTER TABLE t ADD b int",
    "DROP TABLE t",
    "GRANT SELECT ON t TO u",
    "VACUUM",
    "ANALYZE t",
    "ANALYZE FORMAT=JSON DELETE FROM t",
    "REFRESH MATERIALIZED VIEW v",
    "CALL proc(1)",
    "DO $$ BEGIN PERFORM 1; END $$",
    "EXECUTE prepared",
    "PREPARE p AS SELECT 1",
    "LOCK TABLE t IN EXCLUSIVE MODE",
    "LOCK TABLES t WRITE",
    "LOAD DATA INFILE 'f' INTO TABLE t",
    "NOTIFY news",
    "COPY t FROM STDIN",
    "COPY t FROM '/a/file'",
    "COPY t (a, b) TO '/a/file'",
    "SELECT a INTO b FROM t",
    "select a into b from t",
    "SELECT * INTO OUTFILE '/f' FROM t",
    "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
    "with x as (select 1) insert into t select * from x",
    "WITH x AS (SELECT 1) UPDATE t SET a = 1",
    "WITH x AS (SELECT 1) REPLACE INTO t SELECT 1",
    "WITH x AS (SELECT 1) MERGE INTO t USING x ON true WHEN MATCHED THEN DELETE",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET a = 1",
    "explain analyze insert into t values (1)",
    "EXPLAIN ANALYZE REPLACE t VALUES (1)",
    "SELECT 1; DROP TABLE t",
    "SELECT 1;DELETE FROM t",
    "SET x = 1; DELETE FROM t",
    "SELECT * FROM t FOR UPDATE; DELETE FROM t",
    "/* SELECT */ DELETE FROM t",
    "-- SELECT 1\nDELETE FROM t",
    "( DELETE FROM t )",
    "\n  delete from t",
    "SELECT 'a'; DELETE FROM t WHERE b = 'c'",
    "nonsense",
]


@pytest.mark.parametrize("sql", READS)
def test_a_statement_that_reads(sql):
    """Queries; quoted words and comments say nothing."""
    assert kind_of(sql) is Kind.READ


@pytest.mark.parametrize("sql", KEEPS)
def test_a_statement_that_shows_no_row(sql):
    """Sessions, transactions, plans, and nothing at all."""
    assert kind_of(sql) is Kind.SESSION


@pytest.mark.parametrize("sql", ["BEGIN; SELECT 1", "SELECT 1; COMMIT"])
def test_among_statements_the_one_that_does_most_counts(sql):
    """Here the one that reads."""
    assert kind_of(sql) is Kind.READ


@pytest.mark.parametrize("sql", LOCKS)
def test_a_statement_that_locks_rows(sql):
    """A lock is the promise of a write, wherever in the statement it stands."""
    assert kind_of(sql) is Kind.LOCK


@pytest.mark.parametrize("sql", WRITES)
def test_a_statement_that_writes(sql):
    """Whatever changes rows or tables, and every word that is not known."""
    assert kind_of(sql) is Kind.WRITE


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("EXPLAIN ANALYSE DELETE FROM t", Kind.WRITE),
        ("COPY (DELETE FROM t RETURNING *) TO STDOUT", Kind.WRITE),
        (
            r"WITH x AS (SELECT '\'), y AS (DELETE FROM t WHERE a = 'b' RETURNING a) SELECT 1",
            Kind.WRITE,
        ),
        (r"SELECT '\'; DELETE FROM t WHERE a = 'b'", Kind.WRITE),
        ("TABLE t FOR UPDATE", Kind.LOCK),
        ("SELECT 1; -- that is all", Kind.READ),
        ("SELECT 1; /* that is all */", Kind.READ),
    ],
)
def test_what_only_postgresql_means_by_it(sql, kind):
    """ANALYSE is ANALYZE; COPY may write; a backslash does not escape; TABLE may lock."""
    assert kind_of(sql) is kind


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SET STATEMENT max_statement_time=1 FOR DELETE FROM t", Kind.WRITE),
        ("BEGIN NOT ATOMIC DELETE FROM t; END", Kind.WRITE),
        ("SELECT * FROM t /*! FOR UPDATE */", Kind.LOCK),
        ("SELECT 1 /*!50000 INTO OUTFILE 'f' */", Kind.WRITE),
        ("/*M!100000 DELETE FROM t */", Kind.WRITE),
        (r'WITH x AS (SELECT "\"") DELETE FROM t WHERE a = "b"', Kind.WRITE),
        (r"SELECT 'it\'s'", Kind.READ),
    ],
)
def test_what_only_mariadb_and_mysql_mean_by_it(sql, kind):
    """SET STATEMENT and BEGIN NOT ATOMIC hold statements; ``/*!`` is no comment; a backslash escapes."""
    assert kind_of(sql) is kind


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t for update",
        "SELECT * FROM t\nFOR UPDATE",
        "SELECT * FROM t FOR\nUPDATE",
        "SELECT * FROM t\tFOR SHARE",
        "SELECT * FROM (SELECT 1)FOR UPDATE",
        "SELECT * FROM t lock in share mode",
        "SELECT * FROM t /*!FOR UPDATE*/",
        "SELECT a\nINTO b FROM t",
        "SELECT a INTO\nb FROM t",
        "SELECT a into b FROM t",
        "SELECT 1; DELETE FROM t",
    ],
)
def test_the_short_way_says_no_to_what_locks_or_writes(sql):
    """However it is spelt or laid out."""
    assert not is_plain_select(sql)
    assert kind_of(sql) is not Kind.READ


@pytest.mark.parametrize(
    "sql", ["SELECT 1", 'SELECT "a"."b" FROM "a" WHERE "a"."c" = %s ORDER BY 1 LIMIT 21']
)
def test_the_short_way_knows_what_the_orm_says(sql):
    """The statement that nearly every query of Django is."""
    assert is_plain_select(sql)


@pytest.mark.parametrize("sql", [b"SELECT 1", pg.SQL("SELECT 1"), None, 7])
def test_the_short_way_leaves_what_is_no_string(sql):
    """Bytes and composed statements go the long way."""
    assert not is_plain_select(sql)


WRITING_PARTS = ["INTO b", "FOR UPDATE", "FOR SHARE", "LOCK IN SHARE MODE", "; DELETE FROM t"]
SPACES = st.sampled_from([" ", "\n", "\t", "  ", "\r\n", " /* x */ ", "\n  "])


@st.composite
def spelt(draw, words):
    """``words`` in some case, with some white space between them."""
    cases = st.sampled_from([str.upper, str.lower, str.title])
    return "".join(draw(SPACES) + draw(cases)(word) for word in words.split())


@given(part=st.sampled_from(WRITING_PARTS).flatmap(spelt), gap=SPACES)
def test_no_spelling_of_a_write_passes_the_short_way(part, gap):
    """Case, white space and comments do not hide an INTO, a lock or a second statement."""
    sql = f"SELECT a FROM t{part}{gap}"
    assert not is_plain_select(sql), sql
    assert kind_of(sql) is not Kind.READ


FRAGMENTS = [
    *("SELECT", "a", "FROM", "WHERE", "JOIN", "%s", "'c'", "(", ")", "\n"),
    *(
        "FOR",
        "for",
        "FOR UPDATE",
        "for update",
        "SHARE",
        "INTO",
        "into",
        ";",
        "LOCK",
        "lock",
        "IN",
        "MODE",
    ),
    *("'", '"', "--", "/*", "*/", "$$"),
]


@given(
    words=st.lists(
        st.sampled_from(FRAGMENTS),
        max_size=12,
    )
)
def test_the_short_way_agrees_with_the_long_one(words):
    """It never says yes to what is a write or a lock when the shortcut is taken away."""
    sql = " ".join(["SELECT", *words])
    with pytest.MonkeyPatch.context() as patch:
        plain = is_plain_select(sql)
        patch.setattr(statement, "is_plain_select", lambda _sql: False)
        assert not plain or kind_of(sql) is Kind.READ


@given(
    quoted=st.text(st.sampled_from("abc;- DELETE$/*"), max_size=12),
    quote=st.sampled_from(["'{}'", '"{}"', "`{}`", "$x$ {} $x$"]),
)
def test_what_is_quoted_says_nothing(quoted, quote):
    """Text between quotes neither makes a write nor hides one that follows it."""
    if quote.startswith("$"):
        quoted = quoted.replace("$", "")
    text = quote.format(quoted)
    assert kind_of(f"SELECT {text}, 1; SELECT 2") is Kind.READ
    assert kind_of(f"SELECT {text}, 1; DELETE FROM t") is Kind.WRITE


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        (b"SELECT 1", Kind.READ),
        (b"DELETE FROM t", Kind.WRITE),
        (b"DELETE FROM \xff\xfe", Kind.WRITE),
        (pg.SQL("SELECT {}").format(pg.Literal("; DELETE FROM t")), Kind.READ),
        (pg.SQL("DELETE FROM {}").format(pg.Identifier("t")), Kind.WRITE),
        (pg.SQL("SELECT * FROM {} FOR UPDATE").format(pg.Identifier("t")), Kind.LOCK),
        (pg.SQL("SELECT 1; ") + pg.SQL("DROP TABLE t"), Kind.WRITE),
    ],
)
def test_statements_that_are_no_strings(sql, kind):
    """Bytes, also broken ones, and what psycopg composes."""
    assert kind_of(sql) is kind


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("delete from t", "DELETE"),
        ("/* select */ INSERT INTO t", "INSERT"),
        ("-- select\n(UPDATE t)", "UPDATE"),
        (b"truncate t", "TRUNCATE"),
        (pg.SQL("DROP TABLE t"), "DROP"),
        ("", "statement"),
        ("/* only this */", "statement"),
    ],
)
def test_the_first_word_names_the_statement(sql, word):
    """In upper case, past comments and parentheses; a message needs some word."""
    assert first_word(sql) == word
