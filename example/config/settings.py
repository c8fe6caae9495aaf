"""Settings of the shop: an ordinary project, and the lines that make its databases a fleet."""

from pathlib import Path

from config.connections import KIND, connections

if KIND == "servers":
    import pymysql

    pymysql.install_as_MySQLdb()

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = "not-a-secret: this is an example"
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

INSTALLED_APPS = [
    "django_fleet",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "catalog",
    "orders",
    "analytics",
    "crm",
    "purchasing",
]

MIDDLEWARE = [
    "django_fleet.middleware.ConsistencyMiddleware",
    "config.footprint.FootprintMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# -- The fleet

_where = connections()

DATABASES = {
    "default": _where["default"],
    "replica": {**_where["replica"], "REPLICA_OF": "default"},
    "analytics": _where["analytics"],
    "legacy": _where["legacy"],
}

DATABASE_ROUTERS = [
    "django_fleet.Router",
    "crm.routers.CustomersOnTheMove",
]

FLEET = {
    "PLACEMENT": {"crm": "legacy"},  # analytics says it in its models: class Meta: using = ...
    "OFFLINE_S": 1.0,
    "TOKEN_WAIT_MS": 500,  # files are copied to the replica whole, now and then
}

# -- As in any project

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "static/"
