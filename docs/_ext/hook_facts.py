"""What the page of hooks says of each hook. Needs Django, not Sphinx, so that a test can ask it."""

from typing import Any


def place(hook: Any) -> str:
    """Where the hook is: ``django.db.models.query.QuerySet.db``."""
    return f"{hook.target}.{hook.attribute}"


def facts(hook: Any) -> dict[str, str]:
    """Name of a fact -> its text, in the order of the page."""
    return {
        "Why": hook.why,
        "Until": hook.until,
        "Put in": hook.needed.value,
    }
