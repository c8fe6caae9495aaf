"""Which tests are known to be lost with django-fleet, where and why: `oracle/losses/*.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from oracle.errors import OracleError

FOLDER = Path(__file__).parent / "losses"
ONE_COLLATION = "assumes-one-collation"
SCATTERED_KINDS = (
    "asserts-refusal",
    "assumes-one-table-in-both",
    "asserts-sql-text",
    ONE_COLLATION,
)


@dataclass(frozen=True, slots=True)
class Loss:
    """A test that passes on stock Django and, on purpose, does not with django-fleet."""

    test: str
    django: tuple[str, ...]  # feature releases: "5.2"
    databases: tuple[str, ...]  # as in --db
    kind: str
    reason: str
    contrib_apart: bool = False  # lost only where contrib has a database of its own

    def applies(self, django, database, *, contrib_apart=False):
        """Whether it is a loss of this Django version (`5.2.19`) on this database."""
        if self.contrib_apart and not contrib_apart:
            return False
        feature_release = ".".join(django.split(".")[:2])
        return feature_release in self.django and database in self.databases


def parse_losses(text, name):
    """The losses in the text of one file; refuses an entry that is not whole.

    An entry names one `test`, or several `tests` that are lost for one reason; with
    `contrib_apart = true` they are lost only where contrib has a database of its own.
    """
    losses = []
    for entry in tomllib.loads(text).get("loss", []):
        try:
            tests = [entry.pop("test")] if "tests" not in entry else entry.pop("tests")
            django, databases = tuple(entry.pop("django")), tuple(entry.pop("databases"))
            kind, reason = entry.pop("kind"), entry.pop("reason")
            apart = entry.pop("contrib_apart", False)
        except KeyError as error:
            raise OracleError(f"{name}: a [[loss]] lacks the key {error}.") from error
        if entry:
            raise OracleError(f"{name}: {tests[0]} has unknown keys: {', '.join(entry)}.")
        losses += [Loss(test, django, databases, kind, reason, apart) for test in tests]
    return losses


def listed_losses(measure, folder=FOLDER):
    """The losses of a measure (`installed` or `scattered`).

    The scattered measure knows a few kinds and no other: whatever else is lost there is a defect.
    """
    path = folder / f"{measure}.toml"
    losses = parse_losses(path.read_text(encoding="utf-8"), path.name)
    if measure == "scattered":
        for loss in losses:
            _check_kind(loss, path.name)
    return losses


def applicable_losses(measure, django, database, *, contrib_apart=False):
    """The losses of a measure that are known for this Django on this database.

    What is lost with django-fleet installed is lost scattered and with replicas, too.
    """
    names = (measure,) if measure == "installed" else (measure, "installed")
    return [
        loss
        for name in names
        for loss in listed_losses(name)
        if loss.applies(django, database, contrib_apart=contrib_apart)
    ]


def _check_kind(loss, name):
    if loss.kind not in SCATTERED_KINDS:
        kinds = ", ".join(SCATTERED_KINDS)
        raise OracleError(f"{name}: {loss.test} is of kind {loss.kind!r}, not {kinds}.")
    alike = [database for database in loss.databases if "+" not in database]
    if loss.kind == ONE_COLLATION and alike:
        raise OracleError(f"{name}: {loss.test}: there is one collation on {', '.join(alike)}.")
