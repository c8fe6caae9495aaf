"""As whom servers run, and what that user can reach."""

import os
import tempfile
from pathlib import Path

import pytest

from django_fleet.testing.servers.account import Account, server_account

STRANGER = Account("stranger", 61234, 61234)


def test_a_file_below_open_folders_is_reached():
    """Every folder above may be passed and the file read by anybody."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        file = Path(place, "open", "file")
        file.parent.mkdir(mode=0o755)
        file.touch()
        assert STRANGER.can_reach(file)


def test_a_file_below_a_private_folder_is_not_reached(tmp_path):
    """One 0700 folder on the way is enough."""
    file = tmp_path / "private" / "open" / "file"
    file.parent.mkdir(parents=True)
    file.touch()
    tmp_path.chmod(0o755)
    (tmp_path / "private").chmod(0o700)
    assert not STRANGER.can_reach(file)


def test_root_never_serves_itself(monkeypatch):
    """Database servers refuse root: the preferred user is taken, else nobody."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert server_account("no-such-user-here").uid != 0
    assert server_account("no-such-user-here").name == "nobody"


def test_a_plain_user_serves_itself(monkeypatch):
    """Nothing is changed, so the child gets no options."""
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    account = server_account("postgres")
    assert account.uid == 1234
    assert account.process_options == {}


@pytest.mark.parametrize("key", ["user", "group", "extra_groups"])
def test_a_child_of_root_loses_all_of_root_s_groups(monkeypatch, key):
    """User, group and the supplementary groups are all replaced."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    expected = {"user": 61234, "group": 61234, "extra_groups": []}
    assert STRANGER.process_options[key] == expected[key]
