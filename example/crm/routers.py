"""A router of the shop's own, after ``django_fleet.Router``: it says what may be where."""


class CustomersOnTheMove:
    """Customers are moved from ``legacy`` to ``default`` one by one: both have the tables."""

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return db in {"legacy", "default"} if app_label == "crm" else None
