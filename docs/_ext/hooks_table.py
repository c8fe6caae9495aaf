"""The directive ``fleet-hooks``: every hook of ``django_fleet.hooks.TABLE``, as the code has it."""

from typing import Any, ClassVar

from django.conf import settings
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from _ext.hook_facts import facts, place


class HooksTable(Directive):
    """A definition for each hook, in the order of installation."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """One definition list."""
        if not settings.configured:
            settings.configure()
        from django_fleet.hooks import TABLE  # noqa: PLC0415 -- importing it asks for settings

        return [nodes.definition_list("", *(_rendered(hook) for hook in TABLE))]


def _rendered(hook: Any) -> nodes.definition_list_item:
    term = nodes.term("", "", nodes.literal("", place(hook)))
    fields = nodes.field_list("", *(_field(*fact) for fact in facts(hook).items()))
    return nodes.definition_list_item("", term, nodes.definition("", fields))


def _field(name: str, text: str) -> nodes.field:
    body = nodes.field_body("", nodes.paragraph("", text))
    return nodes.field("", nodes.field_name("", name), body)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directive."""
    app.add_directive("fleet-hooks", HooksTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
