"""What goes wrong, and what is said then."""

from django.core.management import CommandError, call_command
from django.db.utils import ConnectionDoesNotExist
from django.test import override_settings

import django_fleet as fleet
from catalog.models import Product
from django_fleet.errors import CommandTargetError
from example.tour.step import step


@step("A replica that is down")
def dead_replica(seen, nodes):
    """Its server is killed, with every connection to it.

    The read that meets the dead replica moves on to the primary, and the replica is left alone until
    the monitor sees it answer: about FLEET["OFFLINE_S"] later at most, here one second.
    """
    with nodes.replica_dead():
        meanwhile = Product.objects.count()
        seen.why(Product)
    nodes.until(lambda: fleet.explain(Product).read.alias == "replica")
    afterwards = Product.objects.count()
    seen.why(Product)
    print(meanwhile, afterwards)
    seen.expect_asked("default", "replica")
    seen.expect("nobody saw an error", meanwhile == afterwards > 0)
    seen.expect("the log says it once", seen.output.count("replica_went_offline") == 1)


@step("Wrong databases")
def wrong_targets(seen, nodes):
    """An alias that is not there: the error names those that are.

    A replica gets its tables from its primary, so migrate refuses it and touches nothing.
    """
    with seen.refused(ConnectionDoesNotExist):
        Product.objects.using("replika").count()
    with seen.refused(ConnectionDoesNotExist):
        fleet.using("archive")
    with seen.refused(CommandTargetError):
        call_command("migrate", database="replica")
    seen.expect_asked()
    seen.expect(
        "two of them name the known databases",
        sum("'analytics'" in line for line in seen.output.splitlines()) == 2,  # noqa: PLR2004
    )


@step("A table left behind")
def left_behind(seen, nodes):
    """Suppose somebody places analytics on default and forgets the tables.

    Django would not say a word before the first query. fleet check does, and says how to mend it.
    """
    with (
        override_settings(FLEET={"PLACEMENT": {"crm": "legacy", "analytics": "default"}}),
        seen.refused(CommandError),
    ):
        call_command("fleet", "check")
    findings = seen.output
    call_command("fleet", "check")
    seen.expect("default lacks the table", "default:" in findings)
    seen.expect("analytics has it left", "analytics:" in findings)
    seen.expect("placed rightly, all is well", "as it should be" in seen.output)
