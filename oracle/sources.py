"""Django's own tests: the sdist of one version from the package index, verified and unpacked."""

import hashlib
import io
import os
import re
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urldefrag, urljoin

from oracle.errors import OracleError

CACHE = Path(__file__).parent.parent / ".cache" / "oracle"
INDEX = "https://pypi.org/simple"  # PIP_INDEX_URL names another


@dataclass(frozen=True, slots=True)
class SourceArchive:
    """Where the sdist of a version lies, and the hash that it must have."""

    url: str
    sha256: str


def find_archive(page, page_url, version):
    """The sdist of a Django version on a page of the simple index (PEP 503), or None."""
    name = re.compile(rf"^django-{re.escape(version)}\.tar\.gz$", re.IGNORECASE)
    for link in re.findall(r'href="([^"]+)"', page):
        url, fragment = urldefrag(urljoin(page_url, link))
        if name.match(url.rpartition("/")[2]) and fragment.startswith("sha256="):
            return SourceArchive(url, fragment.removeprefix("sha256="))
    return None


def read_url(url):
    try:
        with urllib.request.urlopen(url, timeout=120) as response:
            return response.read()
    except URLError as error:
        raise OracleError(f"{url} could not be read: {error}.") from error


def verified(content, archive):
    """The content, if it has the hash that the index promised."""
    found = hashlib.sha256(content).hexdigest()
    if found != archive.sha256:
        raise OracleError(f"{archive.url} has the sha256 {found}, not {archive.sha256}.")
    return content


def unpack_tests(content, target):
    """Put the `tests/` of an sdist into the folder `target`, in one step."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = [each for each in archive if each.name.split("/")[1:2] == ["tests"]]
        archive.extractall(unfinished, members, filter="data")
    (top,) = unfinished.iterdir()
    (top / "tests").rename(target)
    top.rmdir()
    unfinished.rmdir()


def django_tests(version, cache=CACHE):
    """The folder with the tests of a Django version; downloaded at the first call."""
    target = cache / f"django-{version}-tests"
    if target.exists():
        return target
    page_url = os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/") + "/django/"
    archive = find_archive(read_url(page_url).decode(), page_url, version)
    if archive is None:
        raise OracleError(f"{page_url} has no sdist of Django {version}.")
    cache.mkdir(parents=True, exist_ok=True)
    unpack_tests(verified(read_url(archive.url), archive), target)
    return target
