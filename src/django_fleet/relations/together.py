"""One transaction on each of several databases, and the order in which they are committed."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from django.db import transaction


@contextmanager
def together(alias: str, elsewhere: Iterable[str]) -> Iterator[None]:
    """One transaction on each database. Those of ``elsewhere`` commit first, ``alias`` last.

    So a crash between two commits leaves undone what ``alias`` says, and never what depends on it
    without it. An error in the block takes all of them back; a transaction that is open already is
    joined, and then marked as one that has to be taken back.
    """
    with ExitStack() as stack:
        for each in dict.fromkeys((alias, *elsewhere)):
            stack.enter_context(transaction.atomic(using=each, savepoint=False))
        yield
