"""Which modules of Django's tests/ a measure runs: the lists of `modules.toml`."""

import tomllib
from pathlib import Path

from oracle.errors import OracleError

LISTS = tomllib.loads(Path(__file__).with_name("modules.toml").read_text(encoding="utf-8"))


def chosen_modules(names, tests):
    """The modules that the names (of modules or of lists) stand for, each once, in this order.

    Refuses a name that is neither a list nor a folder of `tests`, Django's unpacked tests.
    """
    modules = list(dict.fromkeys(module for name in names for module in LISTS.get(name, [name])))
    unknown = [module for module in modules if not (tests / module / "__init__.py").exists()]
    if unknown:
        raise OracleError(
            f"{', '.join(unknown)}: no module of {tests.name} and none of the lists "
            f"{', '.join(LISTS)}."
        )
    return modules
