"""Django's tests from the package index: found, verified, unpacked."""

import hashlib
import io
import tarfile

import pytest
from oracle.errors import OracleError
from oracle.sources import SourceArchive, find_archive, unpack_tests, verified

PAGE_URL = "https://index.example/simple/django/"
PAGE = """
<a href="https://files.example/django-5.2.1-py3-none-any.whl#sha256=aa">wheel</a>
<a href="https://files.example/django-5.201.tar.gz#sha256=dd">as a pattern it is 5.2.1</a>
<a href="https://files.example/django-5.2.19.tar.gz#sha256=bb">newer</a>
<a href="../../files/Django-5.2.1.tar.gz#sha256=cc" data-requires-python="&gt;=3.10">sdist</a>
<a href="https://files.example/django-5.2.2.tar.gz">without a hash</a>
"""


def test_the_sdist_of_the_version_is_found_with_its_hash():
    """Neither a wheel nor a version that begins alike; relative links are resolved."""
    expected = SourceArchive("https://index.example/files/Django-5.2.1.tar.gz", "cc")
    assert find_archive(PAGE, PAGE_URL, "5.2.1") == expected


@pytest.mark.parametrize("version", ["5.2", "5.2.2", "5.2.20"])
def test_what_is_not_there_or_has_no_hash_is_not_found(version):
    """An archive that cannot be verified is not used."""
    assert find_archive(PAGE, PAGE_URL, version) is None


def test_content_with_another_hash_is_refused():
    """What the index promised is what is unpacked."""
    archive = SourceArchive("https://files.example/x", hashlib.sha256(b"good").hexdigest())
    assert verified(b"good", archive) == b"good"
    with pytest.raises(OracleError, match="sha256"):
        verified(b"bad", archive)


def test_only_the_tests_are_unpacked(tmp_path):
    """The rest of the sdist stays out, and nothing half-done is left beside it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in ("tests/zoo/__init__.py", "django/__init__.py", "tests/runtests.py"):
            archive.addfile(tarfile.TarInfo(f"django-5.2.1/{name}"), io.BytesIO())
    unpack_tests(content.getvalue(), tmp_path / "django-5.2.1-tests")
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py"))
    assert found == ["django-5.2.1-tests/runtests.py", "django-5.2.1-tests/zoo/__init__.py"]
    assert [path.name for path in tmp_path.iterdir()] == ["django-5.2.1-tests"]
