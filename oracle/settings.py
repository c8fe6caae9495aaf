"""The settings of one run of Django's suite: the suite's own, and what its `RunConfiguration` says.

Loaded by Django's runtests, which overwrites INSTALLED_APPS with its own list; an app gets in only
through that list (drop the trick when runtests takes apps from the settings).
"""

import sys

from test_sqlite import *  # noqa: F403 (beside runtests.py; it differs between Django versions)

from oracle import configuration  # not its names: those in capitals would be settings

run = configuration.RunConfiguration.received()

DATABASES = run.databases
DATABASE_ROUTERS = []
TEST_RUNNER = "oracle.runner.RecordingRunner"

if run.package == configuration.FLEET:
    runtests = sys.modules["__main__"]
    if "django_fleet" not in runtests.ALWAYS_INSTALLED_APPS:
        runtests.ALWAYS_INSTALLED_APPS.insert(0, "django_fleet")
    DATABASE_ROUTERS.append("django_fleet.Router")

if run.placement == configuration.ELSEWHERE:
    DATABASE_ROUTERS.append("oracle.scatter.SecondRouter")

if run.placement == configuration.SCATTERED:
    DATABASE_ROUTERS.append("oracle.scatter.ScatterRouter")

if run.placement != configuration.UNTOUCHED:
    from oracle.capture import ignore_captured_queries, open_all_databases

    ignore_captured_queries()
    open_all_databases(DATABASES)
