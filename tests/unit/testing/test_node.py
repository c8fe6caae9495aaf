"""PostgreSQL's positions, without a server."""

import pytest

from django_fleet.testing.servers.postgresql import PostgresNode


class Told(PostgresNode):
    """A node whose server always gives the same insert position."""

    def __init__(self, lsn):
        self._lsn = lsn

    def query(self, sql, parameters=(), *, database=""):
        return [(self._lsn,)]


@pytest.mark.parametrize(
    ("insert_lsn", "committed"),
    [
        (0xA0B4018, "0/A0B4000"),
        (0xA0B4010, "0/A0B4010"),
        (0xA000028, "0/A000000"),
        (0xA0CC028, "0/A0CC028"),
        (0x1_0000_0018, "1/0"),
        (0x2_00AB_CDE0, "2/ABCDE0"),
    ],
)
def test_the_page_header_at_a_page_s_start_is_no_commit(insert_lsn, committed):
    """The insert position counts the header (24 bytes, 40 in a new segment) that nobody replays."""
    assert Told(insert_lsn)._position() == committed
