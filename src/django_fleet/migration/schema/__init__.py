"""Schemas of databases as values: read, hashed, compared."""

from django_fleet.migration.schema.differences import Difference, differences
from django_fleet.migration.schema.fingerprint import Fingerprint, fingerprint, schema_of
from django_fleet.vendors.catalog.schema import Schema

__all__ = ["Difference", "Fingerprint", "Schema", "differences", "fingerprint", "schema_of"]
