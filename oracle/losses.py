"""Which tests are known to be lost with django-fleet, where and why: `oracle/losses/*.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from oracle.errors import OracleError

FOLDER = Path(__file__).parent / "losses"
SCATTERED_KINDS = ("asserts-refusal", "assumes-one-table-in-both", "asserts-sql-text")


@dataclass(frozen=True, slots=True)
class Loss:
    """A test that passes on stock Django and, on purpose, does not with django-fleet."""

    test: str
    django: tuple[str, ...]  # feature releases: "5.2"
    databases: tuple[str, ...]  # as in --db
    kind: str
    reason: str

    def applies(self, django, database):
        """Whether it is a loss of this Django version (`5.2.19`) on this database."""
        feature_release = ".".join(django.split(".")[:2])
        return feature_release in self.django and database in self.databases


def parse_losses(text, name):
    """The losses in the text of one file; refuses an entry that is not whole."""
    losses = []
    for entry in tomllib.loads(text).get("loss", []):
        try:
            loss = Loss(
                test=entry.pop("test"),
                django=tuple(entry.pop("django")),
                databases=tuple(entry.pop("databases")),
                kind=entry.pop("kind"),
                reason=entry.pop("reason"),
            )
        except KeyError as error:
            raise OracleError(f"{name}: a [[loss]] lacks the key {error}.") from error
        if entry:
            raise OracleError(f"{name}: {loss.test} has unknown keys: {', '.join(entry)}.")
        losses.append(loss)
    return losses


def listed_losses(measure, folder=FOLDER):
    """The losses of a measure (`installed` or `scattered`).

    The scattered measure knows three kinds and no other: whatever else is lost there is a defect.
    """
    path = folder / f"{measure}.toml"
    losses = parse_losses(path.read_text(encoding="utf-8"), path.name)
    for loss in losses:
        if measure == "scattered" and loss.kind not in SCATTERED_KINDS:
            kinds = ", ".join(SCATTERED_KINDS)
            raise OracleError(f"{path.name}: {loss.test} is of kind {loss.kind!r}, not {kinds}.")
    return losses
