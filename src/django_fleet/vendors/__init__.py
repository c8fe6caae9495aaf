"""What differs between database vendors: the only place with vendor SQL or a driver's name."""

from typing import TYPE_CHECKING, Final

from django_fleet.vendors.base import Standing, Vendor
from django_fleet.vendors.features import Features
from django_fleet.vendors.mysql import MySQL
from django_fleet.vendors.postgresql import PostgreSQL
from django_fleet.vendors.sqlite import SQLite

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["Features", "Standing", "Vendor", "vendor_of"]

_VENDORS: Final[dict[str, Vendor]] = {
    vendor.name: vendor for vendor in (PostgreSQL(), MySQL(), SQLite())
}
_ANY_OTHER: Final = Vendor()


def vendor_of(connection: "BaseDatabaseWrapper") -> Vendor:
    """The vendor behind ``connection``; one that knows nothing special for a backend we do not know."""
    return _VENDORS.get(connection.vendor, _ANY_OTHER)
