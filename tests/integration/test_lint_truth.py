"""What ``fleet lint`` believes of the servers, asked of the servers (statement B6)."""

import pytest
from django.db import connections, transaction
from django.db.utils import OperationalError

from django_fleet.vendors import vendor_of


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request, lab_on):
    """A database of one vendor that changes tables by ALTER TABLE."""
    with lab_on(request.param).fleet({"default": {}}) as lab:
        yield lab


def run(*todo):
    with connections["default"].cursor() as cursor:
        for each in todo:
            cursor.execute(each)
        return cursor.fetchall() if cursor.description else []


def is_copied(vendor, change):
    """Whether the server writes the rows of ``t`` anew for a change."""
    if vendor == "postgresql":
        before = run("SELECT pg_relation_filenode('t')")
        run(f"ALTER TABLE t {change}")
        return run("SELECT pg_relation_filenode('t')") != before
    try:
        run(f"ALTER TABLE t {change}, ALGORITHM=INPLACE")
    except OperationalError as error:
        if "ALGORITHM=INPLACE is not supported" not in str(error):
            raise
        return True
    return False


TYPES = {
    "postgresql": [
        ("varchar(50)", "varchar(200)"),
        ("varchar(200)", "varchar(50)"),
        ("varchar(50)", "varchar"),
        ("varchar(50)", "text"),
        ("text", "varchar(50)"),
        ("integer", "bigint"),
        ("numeric(5, 2)", "numeric(9, 2)"),
        ("numeric(5, 2)", "numeric(9, 3)"),
        ("numeric(9, 2)", "numeric(5, 2)"),
        ("integer", "integer"),
        ("cidr", "inet"),
    ],
    "mariadb": [
        ("varchar(50)", "varchar(60)"),
        ("varchar(50)", "varchar(100)"),
        ("varchar(100)", "varchar(200)"),
        ("varchar(200)", "varchar(100)"),
        ("varchar(100)", "longtext"),
        ("integer", "bigint"),
        ("numeric(5, 2)", "numeric(9, 2)"),
        ("integer", "integer"),
    ],
}


def test_b6_types_that_change_in_place(server):
    """As the vendor's answers say, pair by pair."""
    vendor = server.vendor
    alterations = vendor_of(connections["default"]).alterations
    wrong = []
    for old, new in TYPES[vendor]:
        run("DROP TABLE IF EXISTS t", f"CREATE TABLE t (id integer, a {old})")
        change = f"ALTER a TYPE {new}" if vendor == "postgresql" else f"MODIFY a {new}"
        if is_copied(vendor, change) == alterations.keeps_rows(old, new):
            wrong.append((old, new))
    assert wrong == []


CHANGES = {
    "check": ("ADD CONSTRAINT c CHECK (a > 0)", {"mariadb"}),
    "foreign key": ("ADD FOREIGN KEY (a) REFERENCES u (id)", {"mariadb"}),
    "stored column": (
        "ADD b integer GENERATED ALWAYS AS (a + 1) STORED",
        {"mariadb", "postgresql"},
    ),
    "unique": ("ADD CONSTRAINT i UNIQUE (a)", set()),
    "column": ("ADD b integer NOT NULL DEFAULT 5", set()),
    "time of the statement": ("ADD b timestamp DEFAULT CURRENT_TIMESTAMP", set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_b6_changes_that_copy_a_table(server, change):
    """MariaDB copies for checks and foreign keys; PostgreSQL reads them under a lock instead."""
    sql, vendors = CHANGES[change]
    run("CREATE TABLE u (id integer PRIMARY KEY)", "CREATE TABLE t (id integer, a integer)")
    assert is_copied(server.vendor, sql) == (server.vendor in vendors)


def test_b6_a_default_that_differs_from_row_to_row_writes_every_row(server):
    """One function that is volatile on each vendor."""
    run("CREATE TABLE t (id integer)", "INSERT INTO t VALUES (1), (2)")
    kind, default = (
        ("uuid", "gen_random_uuid()")
        if server.vendor == "postgresql"
        else ("varchar(36)", "(uuid())")
    )
    assert is_copied(server.vendor, f"ADD b {kind} DEFAULT {default}")


def test_b6_mariadb_gives_all_old_rows_one_random_number(lab_on):
    """It does not copy the table, and does what nobody means."""
    with lab_on("mariadb").fleet({"default": {}}):
        run("CREATE TABLE t (id integer)", "INSERT INTO t VALUES (1), (2)")
        run("ALTER TABLE t ADD b double DEFAULT (rand())")
        assert len(set(run("SELECT b FROM t"))) == 1


def test_b6_mariadb_builds_indexes_beside_its_writers(lab_on):
    """Unique ones, too; and it makes a column NOT NULL beside them."""
    with lab_on("mariadb").fleet({"default": {}}):
        run("CREATE TABLE t (id integer, a integer)", "INSERT INTO t VALUES (1, 1), (2, 2)")
        for change in ("ADD INDEX i (a)", "ADD UNIQUE u (a)", "MODIFY a integer NOT NULL"):
            run(f"ALTER TABLE t {change}, ALGORITHM=INPLACE, LOCK=NONE")


LOCKS = {
    "CREATE INDEX i ON t (a)": {"t": "ShareLock"},
    "ALTER TABLE t ADD UNIQUE (a)": {"t": "AccessExclusiveLock"},
    "ALTER TABLE t ADD CHECK (a > 0)": {"t": "AccessExclusiveLock"},
    "ALTER TABLE t ADD CHECK (a > 0) NOT VALID": {"t": "AccessExclusiveLock"},
    "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id)": {
        "t": "ShareRowExclusiveLock",
        "u": "ShareRowExclusiveLock",
    },
    "ALTER TABLE t VALIDATE CONSTRAINT old": {"t": "ShareUpdateExclusiveLock"},
}


@pytest.mark.parametrize("sql", LOCKS)
def test_b6_what_postgresql_locks(lab_on, sql):
    """Everything above ShareUpdateExclusiveLock keeps writers out."""
    with lab_on("postgresql").fleet({"default": {}}):
        run("CREATE TABLE u (id integer PRIMARY KEY)", "CREATE TABLE t (id integer, a integer)")
        run("ALTER TABLE t ADD CONSTRAINT old CHECK (a > 5) NOT VALID")
        with transaction.atomic():
            run(sql)
            held = run(
                "SELECT relation::regclass::text, mode FROM pg_locks"
                " WHERE pid = pg_backend_pid() AND relation IN ('t'::regclass, 'u'::regclass)"
            )
        assert set(LOCKS[sql].items()) <= set(held)
