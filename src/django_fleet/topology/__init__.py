"""What exists: databases, clusters, homes. Nothing in here opens a connection."""

from django_fleet.topology.cluster import Cluster
from django_fleet.topology.database import Database
from django_fleet.topology.fleet import Fleet
from django_fleet.topology.placement import Home, Placement

__all__ = ["Cluster", "Database", "Fleet", "Home", "Placement"]
