"""The token of a session: what it has seen, as one signed text that anything can carry.

Whoever carries it cannot read anything into it or change it. It only moves forward: two tokens are
merged into one that asks for both. What cannot be read is not believed, and costs one read of the
primary.
"""

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from django.core import signing
from django.db import connections

from django_fleet.replicas.sight import Sight
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django_fleet.context import UnitOfWork
    from django_fleet.replicas.selection import Selection

SALT: Final = "django_fleet.token"

logger: Final = logging.getLogger("django_fleet.replicas")


def issue(work: "UnitOfWork", selection: "Selection") -> str:
    """What ``work`` has seen; ``""``: nothing.

    Asks each primary that it wrote to, or read, where it stands: one round trip for each, none where
    there is no such primary. Where that cannot be told, the token sends its holder to the primary.
    """
    for primary in sorted(work.written | work.read_on_primary):
        if not selection.learn(work, primary):
            work.seen[primary] = Sight(None)
    seen = {
        primary: selection.sight(work, primary) for primary in sorted({*work.seen, *work.replicas})
    }
    content = {
        primary: [sight.position, sight.node]
        for primary, sight in seen.items()
        if not sight.is_empty
    }
    if not content:
        return ""
    return signing.Signer(salt=SALT).sign_object(content, compress=True)


def resume(
    work: "UnitOfWork", token: str, selection: "Selection", primaries: Collection[str]
) -> None:
    """From now on ``work`` sees at least what the holder of ``token`` has seen.

    ``primaries``: those of the clusters with replicas. A token that is not ours means the primary of
    each. A server that the token names and that is gone means the primary as well: nobody knows what
    it had shown.
    """
    for alias, sight in _read(token, primaries).items():
        history = vendor_of(connections[alias]).history
        work.seen[alias] = selection.sight(work, alias).with_(sight, history)
        work.leave(alias)
        work.behind.pop(alias, None)


def _read(token: str, primaries: Collection[str]) -> dict[str, Sight]:
    if not token:
        return {}
    try:
        content = signing.Signer(salt=SALT).unsign_object(token)
        found = {str(alias): Sight(*value) for alias, value in content.items()}
    except (signing.BadSignature, ValueError, TypeError, AttributeError) as error:
        logger.warning("token_refused", extra={"error": str(error)})
        return dict.fromkeys(sorted(primaries), Sight(None))
    return {alias: sight for alias, sight in found.items() if alias in primaries}
