"""The directive ``fleet-hooks``: every hook of ``django_fleet.hooks.TABLE``, as the code has it."""

from typing import Any, ClassVar

from django.conf import settings
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx


class HooksTable(Directive):
    """A section-like block for each hook: its place, its reason, its end."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """One definition list, in the order of installation."""
        if not settings.configured:
            settings.configure()
        from django_fleet.hooks import TABLE  # noqa: PLC0415 -- importing it asks for settings

        return [nodes.definition_list("", *(_rendered(hook) for hook in TABLE))]


def _rendered(hook: Any) -> nodes.definition_list_item:
    place = nodes.literal("", f"{hook.target}.{hook.attribute}")
    facts = [
        _field("Why", hook.why),
        _field("Until", hook.until),
        _field("Put in", "where replicas are configured" if hook.only_with_replicas else "always"),
    ]
    return nodes.definition_list_item(
        "", nodes.term("", "", place), nodes.definition("", nodes.field_list("", *facts))
    )


def _field(name: str, text: str) -> nodes.field:
    return nodes.field(
        "", nodes.field_name("", name), nodes.field_body("", nodes.paragraph("", text))
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directive."""
    app.add_directive("fleet-hooks", HooksTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
