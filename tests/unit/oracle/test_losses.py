"""The list of known losses: what an entry must say, and where it applies."""

import pytest
from oracle.errors import OracleError
from oracle.losses import ONE_COLLATION, applicable_losses, listed_losses, parse_losses

ENTRY = """
[[loss]]
test = "zoo.tests.T.test_lion"
django = ["5.2", "6.1"]
databases = ["sqlite"]
kind = "asserts-refusal"
reason = "we allow it"
"""


def test_an_entry_applies_to_its_feature_releases_and_databases():
    """5.2 stands for each 5.2.x; other databases and releases are not excused."""
    (loss,) = parse_losses(ENTRY, "x.toml")
    assert loss.applies("5.2.19", "sqlite")
    assert loss.applies("6.1", "sqlite")
    assert not loss.applies("6.0.10", "sqlite")
    assert not loss.applies("5.2.19", "postgresql")
    assert not loss.applies("5.21.1", "sqlite")


def test_an_entry_may_need_contrib_on_a_database_of_its_own():
    """The others apply there, too."""
    (everywhere,) = parse_losses(ENTRY, "x.toml")
    (apart,) = parse_losses(ENTRY + "contrib_apart = true\n", "x.toml")
    assert everywhere.applies("5.2.19", "sqlite", contrib_apart=True)
    assert apart.applies("5.2.19", "sqlite", contrib_apart=True)
    assert not apart.applies("5.2.19", "sqlite")


@pytest.mark.parametrize("key", ["test", "django", "databases", "kind", "reason"])
def test_an_entry_that_lacks_a_key_is_refused(key):
    """Each entry says which test, where, what kind and why."""
    text = "\n".join(line for line in ENTRY.splitlines() if not line.startswith(key))
    with pytest.raises(OracleError, match=key):
        parse_losses(text, "x.toml")


def test_an_unknown_key_is_refused():
    """A misspelt key would excuse more than it should."""
    with pytest.raises(OracleError, match="database_"):
        parse_losses(ENTRY + 'database_ = "x"\n', "x.toml")


def test_an_entry_may_name_several_tests():
    """Those that are lost for one reason."""
    text = ENTRY.replace('test = "zoo.tests.T.test_lion"', 'tests = ["zoo.lion", "zoo.owl"]')
    losses = parse_losses(text, "x.toml")
    assert [loss.test for loss in losses] == ["zoo.lion", "zoo.owl"]
    assert {loss.reason for loss in losses} == {"we allow it"}


def test_only_over_two_vendors_collations_may_disagree(tmp_path):
    """On two databases of one vendor that is no excuse."""
    text = ENTRY.replace("asserts-refusal", ONE_COLLATION)
    (tmp_path / "scattered.toml").write_text(text)
    with pytest.raises(OracleError, match="one collation on sqlite"):
        listed_losses("scattered", tmp_path)
    (tmp_path / "scattered.toml").write_text(text.replace('"sqlite"', '"postgresql+mariadb"'))
    assert listed_losses("scattered", tmp_path)


def test_scattered_losses_are_of_a_few_kinds(tmp_path):
    """Whatever else is lost when models are scattered is a defect and cannot be listed."""
    (tmp_path / "scattered.toml").write_text(ENTRY)
    (tmp_path / "installed.toml").write_text(ENTRY.replace("asserts-refusal", "free words"))
    assert len(listed_losses("scattered", tmp_path)) == 1
    assert len(listed_losses("installed", tmp_path)) == 1
    (tmp_path / "scattered.toml").write_text(ENTRY.replace("asserts-refusal", "free words"))
    with pytest.raises(OracleError, match="free words"):
        listed_losses("scattered", tmp_path)


def test_what_is_lost_installed_is_lost_scattered_too():
    """It need not be listed twice."""
    installed = {loss.test for loss in applicable_losses("installed", "5.2.19", "postgresql")}
    scattered = {loss.test for loss in applicable_losses("scattered", "5.2.19", "postgresql")}
    assert installed
    assert installed <= scattered


@pytest.mark.parametrize("measure", ["installed", "scattered"])
def test_the_lists_in_the_repository_are_whole_and_name_each_test_once(measure):
    """They are read before each run; a test is excused at one place only."""
    losses = listed_losses(measure)
    places = [
        (loss.test, release, db)
        for loss in losses
        for release in loss.django
        for db in loss.databases
    ]
    assert len(places) == len(set(places))
