"""Makes .venv with what a command of the Makefile needs: ``python3 scripts/setup.py test docs``.

Needs Python >= 3.11 with its standard library, nothing else: uv comes from PyPI as a wheel (checked
against the hash below), everything after it from uv.lock. Does nothing where the lock has not
changed since the last time.
"""

import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("FLEET_VENV", ROOT / ".venv"))
UV_VERSION = "0.13.8"
WHEELS = {
    "macosx_10_12_x86_64.whl": "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",
    "macosx_11_0_arm64.whl": "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
    "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl": "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
    "manylinux_2_17_x86_64.manylinux2014_x86_64.whl": "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    "manylinux_2_28_aarch64.whl": "5337c30bb893b4f9ce0ceb921ba2da0d13f649da644f40ad3bef84083bef0203",
    "musllinux_1_1_x86_64.whl": "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
}
DJANGO = os.environ.get("FLEET_DJANGO", "django52")


def main(groups: list[str]) -> None:
    """Brings the environment up to date with the lock, for the dependency groups named."""
    if sys.version_info < (3, 11):  # noqa: UP036 -- whoever starts it may have an older one
        sys.exit(f"django-fleet needs Python 3.11 or later; this is {platform.python_version()}.")
    wanted = sorted({DJANGO, *groups} | set(_installed_groups()))
    mark = _mark(wanted)
    note = VENV / "fleet-groups.json"
    if note.exists() and json.loads(note.read_text())["mark"] == mark:
        return
    uv = _uv()
    environment = {
        **os.environ,
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    arguments = [argument for group in wanted for argument in ("--group", group)]
    command = [str(uv), "sync", "--quiet", "--locked", "--python", sys.executable, *arguments]
    print(f"setting up {VENV.name}: {', '.join(wanted)}", flush=True)
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    note.write_text(json.dumps({"mark": mark, "groups": wanted}))


def _installed_groups() -> list[str]:
    note = VENV / "fleet-groups.json"
    return json.loads(note.read_text())["groups"] if note.exists() else []


def _mark(groups: list[str]) -> str:
    """What the environment depends on, as one word."""
    parts = [sys.version, *groups]
    parts += [(ROOT / name).read_text() for name in ("pyproject.toml", "uv.lock")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _uv() -> Path:
    """The uv of the version we use, fetched once."""
    target = ROOT / ".cache" / f"uv-{UV_VERSION}" / "uv"
    if target.exists():
        return target
    print(f"fetching uv {UV_VERSION} from PyPI", flush=True)
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    system = {"Linux": libc, "Darwin": "macosx"}.get(platform.system(), "none")
    for name, sha256 in WHEELS.items():
        if system in name and name.endswith(f"{platform.machine()}.whl"):
            return _unpacked(f"uv-{UV_VERSION}-py3-none-{name}", sha256, target)
    sys.exit(f"There is no uv {UV_VERSION} for {platform.platform()} in WHEELS of {__file__}.")


def _unpacked(name: str, sha256: str, target: Path) -> Path:
    """The program in a wheel of PyPI, put where it belongs."""
    with urllib.request.urlopen("https://pypi.org/simple/uv/") as answer:
        page = answer.read().decode()
    link = re.search(rf'href="([^"#]+/{re.escape(name)})', page)
    if link is None:
        sys.exit(f"PyPI does not list {name}.")
    with urllib.request.urlopen(link.group(1)) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != sha256:
        sys.exit(f"{name} from PyPI does not have the hash that {__file__} expects.")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        member = next(each for each in archive.namelist() if each.endswith("/scripts/uv"))
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        partial.write_bytes(archive.read(member))
    partial.chmod(0o755)
    partial.replace(target)
    return target


if __name__ == "__main__":
    main(sys.argv[1:])
