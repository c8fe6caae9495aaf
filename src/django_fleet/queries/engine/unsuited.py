"""Why a query is not the engine's."""


class UnsuitedError(Exception):
    """The engine would not give the very answer of the host. Nobody sees it: the query is shipped."""


def require(fact: object, reason: str) -> None:
    """Raises ``UnsuitedError`` with the reason, unless ``fact`` is true."""
    if not fact:
        raise UnsuitedError(reason)
