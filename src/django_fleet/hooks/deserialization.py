"""Deserializers: objects that a fixture names by natural keys are looked for where they live.

Django looks on the database that the fixture is loaded into, which may lack their table.
"""

from collections.abc import Callable
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.present import present_or_none
from django_fleet.routing.running import Running

_BASE: Final = "django.core.serializers.base"
_XML: Final = "django.core.serializers.xml_serializer.Deserializer"


def _build_instance(original: Any, _running: Running) -> Any:
    def build_instance(Model: Any, data: Any, db: str | None) -> Any:  # noqa: N803
        return original(Model, data, _where(Model, db))

    return build_instance


def _deserialize_value(original: Any, _running: Running) -> Any:
    def deserialize_value(
        field: Any, field_value: Any, using: str | None, handle_forward_references: bool
    ) -> Any:
        using = _where(field.remote_field.model, using)
        return original(field, field_value, using, handle_forward_references)

    return deserialize_value


def _handle_field_node(original: Any, _running: Running) -> Any:
    def handle_field_node(self: Any, node: Any, field: Any) -> Any:
        given = self.db
        self.db = _where(field.remote_field.model, given)
        try:
            return original(self, node, field)
        finally:
            self.db = given

    return handle_field_node


def _where(model: Any, using: str | None) -> str | None:
    return None if using is None else present_or_none(model, using)


def _hook(
    target: str,
    attribute: str,
    make: Callable[[Any, Running], Any],
    *parameters: str,
) -> Hook:
    return Hook(
        target=target,
        attribute=attribute,
        make=make,
        parameters=(parameters,),
        why="Natural keys are looked for on the database that the fixture is loaded into.",
        until="Django's deserializers ask the router",
        needed=Need.CLUSTERS,
    )


_VALUE: Final = ("field", "field_value", "using", "handle_forward_references")

HOOKS: Final = (
    _hook(_BASE, "build_instance", _build_instance, "Model", "data", "db"),
    _hook(_BASE, "deserialize_fk_value", _deserialize_value, *_VALUE),
    _hook(_BASE, "deserialize_m2m_values", _deserialize_value, *_VALUE),
    _hook(_XML, "_handle_fk_field_node", _handle_field_node, "self", "node", "field"),
    _hook(_XML, "_handle_m2m_field_node", _handle_field_node, "self", "node", "field"),
)
