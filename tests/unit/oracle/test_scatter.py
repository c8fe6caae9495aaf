"""Where a model of Django's suite lives when its app is scattered over two databases."""

import pytest
from django.apps import AppConfig
from django.apps.registry import Apps
from django.db import models
from oracle import scatter
from oracle.scatter import (
    ScatterRouter,
    SecondRouter,
    contrib_home,
    leave_out_crossing_constraints,
    scattered_home,
)


def app(registry, name):
    """An app of the registry; its models register themselves."""
    config = type("Config", (AppConfig,), {"name": name, "path": "."})(name, None)
    config.apps = registry
    config.models = registry.all_models[config.label]
    registry.app_configs[config.label] = config
    return config


def model(registry, name, bases=(models.Model,), label="zoo", **fields):
    meta = {"apps": registry, "app_label": label, **fields.pop("meta", {})}
    namespace = {"__module__": __name__, "Meta": type("Meta", (), meta), **fields}
    return type(name, bases, namespace)


@pytest.fixture
def registry():
    registry = Apps()
    app(registry, "zoo")
    return registry


def homes(registry, *names):
    return [scattered_home(registry.get_model("zoo", name), registry) for name in names]


def test_models_sorted_by_name_alternate(registry):
    """Even places are on default, odd ones on other; the order of definition does not matter."""
    for name in ("Owl", "Bear", "Lion", "Ape"):
        model(registry, name)
    assert homes(registry, "Ape", "Bear", "Lion", "Owl") == ["default", "other"] * 2


def test_a_child_lives_with_its_topmost_parent(registry):
    """Multi-table inheritance needs both tables in one database."""
    bear = model(registry, "Bear")
    ape = model(registry, "Ape", (bear,))
    model(registry, "Ant", (ape,))
    assert homes(registry, "Ant", "Ape", "Bear") == ["default"] * 3


def test_two_parents_of_one_child_live_together(registry):
    """Its row is in both tables; of the parents, the first by name decides."""
    ape = model(registry, "Ape")
    bear = model(registry, "Bear")
    model(registry, "Cat")
    key = models.OneToOneField("zoo.Bear", models.CASCADE, parent_link=True, related_name="+")
    model(registry, "Dog", (ape, bear), bear_ptr=key)
    assert homes(registry, "Ape", "Bear", "Cat", "Dog") == ["default"] * 4


def test_two_models_of_one_table_live_together(registry):
    """An unmanaged model reads the table that a managed one has made."""
    model(registry, "Ape")
    model(registry, "Bear")
    model(registry, "Cat", meta={"db_table": "zoo_bear", "managed": False})
    assert homes(registry, "Ape", "Bear", "Cat") == ["default", "other", "other"]


def test_a_model_that_a_test_adds_moves_no_other(registry):
    """Tables stand where they were made."""
    model(registry, "Bear")
    model(registry, "Cat")
    assert homes(registry, "Bear", "Cat") == ["default", "other"]
    model(registry, "Ape")
    assert homes(registry, "Bear", "Cat") == ["default", "other"]


def test_a_proxy_lives_with_its_concrete_model(registry):
    """A proxy has no table of its own, but takes a place in the order."""
    bear = model(registry, "Bear")
    model(registry, "Ape")
    model(registry, "Cub", (bear,), meta={"proxy": True})
    assert homes(registry, "Ape", "Bear", "Cub") == ["default", "other", "other"]


def test_an_automatic_table_lives_with_its_source(registry):
    """Auto-created many-to-many tables take no place in the order."""
    model(registry, "Ape")
    bear = model(registry, "Bear", friends=models.ManyToManyField("zoo.Ape"))
    model(registry, "Cat")
    assert scattered_home(bear.friends.through, registry) == "other"
    assert homes(registry, "Ape", "Bear", "Cat") == ["default", "other", "default"]


def test_contrib_lives_together_on_default(registry):
    """Contrib apps are not taken apart."""
    app(registry, "django.contrib.zoology")
    each = [model(registry, name, label="zoology") for name in ("Ape", "Bear")]
    assert [scattered_home(one, registry) for one in each] == ["default"] * 2


def test_a_model_of_no_known_app_lives_on_default(registry):
    """Models that a test makes for itself."""
    assert scattered_home(model(registry, "Lost", label="nowhere"), registry) == "default"


def test_only_constraints_that_cross_are_left_out(registry):
    """Stock Django gets what its users write by hand: db_constraint=False where homes differ."""
    ape = model(registry, "Ape")
    bear = model(registry, "Bear", ape=models.ForeignKey("zoo.Ape", models.CASCADE))
    model(registry, "Cat")
    dog = model(registry, "Dog", bear=models.ForeignKey("zoo.Bear", models.CASCADE))
    ant = model(registry, "Ant", (ape,))
    leave_out_crossing_constraints(registry)
    names = sorted(each.__name__ for each in registry.get_models())
    assert names == ["Ant", "Ape", "Bear", "Cat", "Dog"]
    assert homes(registry, *names) == ["other", "other", "default", "other", "default"]
    assert not bear._meta.get_field("ape").db_constraint
    assert dog._meta.get_field("bear").db_constraint
    assert ant._meta.get_field("ape_ptr").db_constraint


def test_constraints_that_cross_are_left_out_of_migrations(registry):
    """A migration has models of its own, with the labels of those that are installed."""
    model(registry, "Ape")
    model(registry, "Bear", ape=models.ForeignKey("zoo.Ape", models.CASCADE))
    leave_out_crossing_constraints(registry)
    past = Apps()
    app(past, "zoo")
    bear = model(past, "Bear", ape=models.ForeignKey("zoo.Ape", models.CASCADE))
    cub = model(past, "Cub", ape=models.ForeignKey("zoo.Ape", models.CASCADE))
    assert not bear._meta.get_field("ape").db_constraint
    assert cub._meta.get_field("ape").db_constraint


def test_the_router_gives_the_home_and_migrates_nothing_else():
    """Reads, writes and tables agree; operations without a model belong to all homes of the app."""
    from django.contrib.auth.models import User

    router = ScatterRouter()
    assert router.db_for_read(User) == router.db_for_write(User) == "default"
    assert router.allow_migrate("default", "auth", model_name="user")
    assert not router.allow_migrate("other", "auth", model_name="user", model=User)
    assert router.allow_migrate("default", "auth")
    assert not router.allow_migrate("other", "auth")
    assert router.allow_migrate("other", "shop")
    assert router.allow_relation(User(), User())


def test_an_automatic_table_stays_when_a_test_adds_a_model(monkeypatch):
    """Its source was asked about before, without a registry; the table is asked about after."""
    registry = Apps()
    app(registry, "zoo")
    monkeypatch.setattr(scatter.scattered_home, "__defaults__", (registry,))
    ape = model(registry, "Ape")
    source = model(registry, "Bear", apes=models.ManyToManyField(ape))
    assert scattered_home(source) == "other"
    model(registry, "Aardvark")
    assert scattered_home(source.apes.through) == "other"


def test_contrib_may_have_a_database_of_its_own(monkeypatch):
    """Where there is one of that name; whatever has no model is made for it as for the others."""
    from django.contrib.auth.models import User
    from django.db import connections

    assert contrib_home() == "default"
    monkeypatch.setitem(connections.settings, "contrib", connections.settings["default"])
    scatter._home.cache_clear()
    try:
        router = ScatterRouter()
        assert router.db_for_read(User) == router.db_for_write(User) == "contrib"
        assert router.allow_migrate("contrib", "auth", model_name="user")
        assert not router.allow_migrate("default", "auth", model_name="user")
        assert router.allow_migrate("contrib", "auth")
        assert not router.allow_migrate("default", "auth")
    finally:
        scatter._home.cache_clear()


def test_the_second_router_sends_all_to_other():
    """For tests that pass on one database of either vendor; tables are made on both."""
    from django.contrib.auth.models import User

    router = SecondRouter()
    assert router.db_for_read(User) == router.db_for_write(User) == "other"
    assert router.allow_relation(User(), User())
    assert not hasattr(router, "allow_migrate")
