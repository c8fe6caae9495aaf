"""``manage.py fleet``."""
