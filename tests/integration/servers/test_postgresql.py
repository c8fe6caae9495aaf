"""PostgreSQL test servers do what their controls say."""


def test_a_row_reaches_every_replica(fleet_postgresql):
    """catch_up() returns when both replicas show the commit."""
    fleet_postgresql.create_database("rows")
    fleet_postgresql.primary.query("CREATE TABLE t (n int)", database="rows")
    fleet_postgresql.primary.query("INSERT INTO t VALUES (7)", database="rows")
    fleet_postgresql.catch_up()
    for replica in fleet_postgresql.replicas:
        assert replica.query("SELECT n FROM t", database="rows") == [(7,)]


def test_heals_kill(fleet_postgresql):
    fleet_postgresql.primary.kill()
    fleet_postgresql.replicas[0].kill()


def test_healed(fleet_postgresql):
    fleet_postgresql.catch_up()


def test_maria(fleet_mariadb):
    fleet_mariadb.create_database("x")
    fleet_mariadb.catch_up()
    fleet_mariadb.primary.kill()


def test_maria2(fleet_mariadb):
    fleet_mariadb.create_database("y")
    assert fleet_mariadb.replicas[0].query("select 1", database="y")
