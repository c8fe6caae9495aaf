"""How long each fault goes on: ``FLEET_FAULT_SECONDS``, 60 for the figures in the documentation."""

import os

import pytest


@pytest.fixture(scope="session")
def fault_seconds():
    return float(os.environ.get("FLEET_FAULT_SECONDS", "3"))
