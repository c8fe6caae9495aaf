"""What the models of a state call for: content types and permissions."""

from django.db import migrations, models
from django.db.migrations.state import ProjectState

from django_fleet.migration.permissions import called_for

KEY = models.BigAutoField(primary_key=True)


def test_models_call_for_a_content_type_and_their_permissions():
    """The usual ones, and those of their own; models of apps that are not installed call for none."""
    state = ProjectState()
    options = {"default_permissions": ["view"], "permissions": [("sharpen", "Can sharpen")]}
    for label in ("shop", "gone"):
        operation = migrations.CreateModel("Tool", [("id", KEY)], options=options)
        operation.state_forwards(label, state)
    found = called_for(state.apps)
    assert found.types == {("shop", "tool")}
    assert found.permissions == {("shop", "tool", "view_tool"), ("shop", "tool", "sharpen")}
