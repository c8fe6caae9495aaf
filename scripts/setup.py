"""Makes .venv with what a command of the Makefile needs: ``python3 scripts/setup.py test docs``.

Needs Python >= 3.11 with its standard library, nothing else: uv comes from PyPI as a wheel (checked
against the hash PyPI gives), everything after it from uv.lock. Does nothing where the lock has not
changed since the last time.
"""

import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("FLEET_VENV", ROOT / ".venv"))
UV_VERSION = "0.13.8"
DJANGO = os.environ.get("FLEET_DJANGO", "django52")


def main(groups: list[str]) -> None:
    """Brings the environment up to date with the lock, for the dependency groups named."""
    if sys.version_info < (3, 11):
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
    with urllib.request.urlopen(f"https://pypi.org/pypi/uv/{UV_VERSION}/json") as answer:
        files = json.load(answer)["urls"]
    libc = "musllinux" if platform.libc_ver()[0] != "glibc" else "manylinux"
    system = {"Linux": libc, "Darwin": "macosx"}[platform.system()]
    machines = {"arm64": ("arm64", "aarch64")}.get(platform.machine(), (platform.machine(),))
    for file in files:
        name = file["filename"]
        if system in name and name.endswith(tuple(f"{machine}.whl" for machine in machines)):
            return _unpacked(file, target)
    sys.exit(f"PyPI has no uv {UV_VERSION} for {platform.platform()}; install uv {UV_VERSION} there.")


def _unpacked(file: dict, target: Path) -> Path:
    with urllib.request.urlopen(file["url"]) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != file["digests"]["sha256"]:
        sys.exit(f"{file['filename']} from PyPI does not have the hash that PyPI announces for it.")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        partial.write_bytes(archive.read(member))
    partial.chmod(0o755)
    partial.replace(target)
    return target


if __name__ == "__main__":
    main(sys.argv[1:])
