"""What is installed from a wheel carries the pages that its sentences point at."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it away from the checkout."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=HOUSE, check=True, capture_output=True, timeout=120)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(place / "site")
    return place / "site"


def _docs(installed: Path, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ledgerloop", "docs", *words]
    env = os.environ | {"PYTHONPATH": str(installed)}
    return subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, timeout=120)


def test_a_wheel_carries_every_page(installed: Path, tmp_path: Path) -> None:
    """Without a checkout every page is listed with its title, and is printed as it is."""
    listed = _docs(installed, tmp_path)

    assert 0 == listed.returncode, listed.stderr
    for page in (HOUSE / "docs").glob("*.md"):
        assert page.stem in listed.stdout
    printed = _docs(installed, tmp_path, "setup")
    assert (HOUSE / "docs" / "setup.md").read_text() == printed.stdout.removesuffix("\n")
    assert str(HOUSE) not in str(installed)


@pytest.mark.parametrize("words", ["matching", "matching.md", "docs/matching.md"])
def test_a_page_by_any_of_its_names(installed: Path, tmp_path: Path, words: str) -> None:
    """A page is found by its name, or as other pages link to it."""
    assert "# Matching" in _docs(installed, tmp_path, words).stdout


def test_a_page_that_is_not_there(installed: Path, tmp_path: Path) -> None:
    """Another word is refused with the names of all pages."""
    ended = _docs(installed, tmp_path, "../../ledgerloop")

    assert 1 == ended.returncode
    assert 'There is no page "../../ledgerloop"; there are cli, errors,' in ended.stderr
