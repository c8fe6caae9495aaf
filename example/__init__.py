"""The example of django-fleet: a small shop on four databases, its tour and its server."""
