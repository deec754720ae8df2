"""The built wheel holds all it needs: installed alone in a new environment, it serves a request."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.server import Server, clean_environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of that wheel, installed with its dependencies in an environment of its own, far from the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    python = folder / "venv" / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--only-binary", ":all:", str(wheel))
    made = Server(folder / "data", command=(str(python.with_name("lrs")),), cwd=folder)
    try:
        made.start()
        yield made
    finally:
        made.close()


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_environment(), timeout=300)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_it_holds_schemas_pages_and_the_mark_of_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "lrs/py.typed" in names
    wanted = {f"lrs/{path.relative_to(ROOT / 'lrs')}" for path in (ROOT / "lrs").rglob("*.json")}
    wanted |= {f"lrs/{path.relative_to(ROOT)}" for path in (ROOT / "web").rglob("*.*")}
    assert "lrs/web/admin/pages/overview.js" in wanted
    assert wanted
    assert wanted <= set(names)


def test_it_holds_nothing_but_the_package(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"lrs"}


def test_it_serves_its_landing_page(installed: Server) -> None:
    with urllib.request.urlopen(f"{installed.url}/") as answer:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"<title>lrs-lite</title>" in answer.read()


def test_it_stores_a_statement_and_gives_it_back(installed: Server) -> None:
    installed.run("consumer", "add", "platform", "--scope", "statements/write", "--scope", "statements/read")
    key = installed.run_json("key", "add", "platform")
    statement_id = str(uuid.uuid4())
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode(),
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
    }
    statement = {
        "actor": {"mbox": "mailto:ada@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://example.com/activities/wheel"},
    }
    url = f"{installed.endpoint}statements?statementId={statement_id}"
    put = urllib.request.Request(url, json.dumps(statement).encode(), headers, method="PUT")
    with urllib.request.urlopen(put) as answer:
        assert answer.status == 204
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        assert json.load(answer)["object"]["id"] == "https://example.com/activities/wheel"
