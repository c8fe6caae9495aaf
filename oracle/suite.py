"""One run of Django's runtests as a child process, watched until it ends or stands still."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

from oracle.configuration import RunConfiguration
from oracle.errors import OracleError
from oracle.outcomes import SuiteResult, read_result

ROOT = Path(__file__).parent.parent
STILLSTAND_S = 900  # longer than the slowest test class on the slowest server
LOOK_EVERY_S = 0.5
TELL_EVERY_S = 10


@dataclass(frozen=True, slots=True)
class Suite:
    """Django's tests for one version, and the Python that has this version."""

    tests: Path
    python: str

    def run(self, name, configuration, modules, jobs, folder) -> SuiteResult:
        """The result of these modules, run in `jobs` processes.

        `folder` gets `name.jsonl` and `name.log`. Raises OracleError when not even the tests could
        be collected; a run that breaks off later is a result that is not complete.
        """
        results, log = folder / f"{name}.jsonl", folder / f"{name}.log"
        configuration = replace(configuration, results=str(results))
        begin = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    self.python,
                    "runtests.py",
                    "--settings=oracle.settings",
                    "--noinput",
                    f"--parallel={jobs}",
                    *modules,
                ],
                cwd=self.tests,
                env=suite_environment(configuration),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                watch(process, results, name)
            finally:
                end_group(process)
        result = read_result(results, time.monotonic() - begin)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        if not result.ends:
            raise OracleError(f"{name}: Django's runtests found no test to run.\n{tail}")
        if not result.is_complete:
            print(f"  {name} broke off:\n{tail}", flush=True)
        return result


def suite_environment(configuration: RunConfiguration):
    """The environment of the child: ours, the configuration, and where to find both packages."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("DJANGO_", "PYTHON"))
    }
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**inherited, **configuration.environment(), "PYTHONPATH": paths}


def watch(process, results, name):
    """Return when the process has ended, or no test has for STILLSTAND_S; tell how far it is."""
    begin = told = changed = time.monotonic()
    size = 0
    while process.poll() is None:
        time.sleep(LOOK_EVERY_S)
        now = time.monotonic()
        size_now = results.stat().st_size if results.exists() else 0
        if size_now != size:
            size, changed = size_now, now
        if now - changed > STILLSTAND_S:
            print(f"  {name}: no test has ended for {STILLSTAND_S} s, given up", flush=True)
            return
        if now - told > TELL_EVERY_S:
            told = now
            print(f"  {name}: {done(results)} tests, {now - begin:.0f} s", flush=True)


def done(results):
    """How many outcomes are written down by now."""
    if not results.exists():
        return 0
    with results.open("rb") as lines:
        return max(0, sum(1 for _ in lines) - 1)


def end_group(process):
    """End the child and the workers it started; nothing happens when all have ended."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
