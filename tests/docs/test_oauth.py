"""The lines in the page about OAuth work as they stand there, on the real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lrs.limits import Limits
from lrs.oauth.issuers import ExternalIssuer, issuers_in
from lrs.oauth.signatures import ALGORITHMS
from scripts.write_docs import DOCS
from tests.samples import statement
from tests.system.access import add_consumer, blocking_client, key_of
from tests.system.server import Server, clean_environment

PAGE = (DOCS / "oauth.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
JSON = re.findall(r"^```json\n(\[.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_lines_work_from_top_to_bottom(server: Server, tmp_path: Path) -> None:
    add_consumer(server, "writer", "all")
    made = statement(course="course-v1:Org+C1+2026")
    with blocking_client(server, key_of(server, "writer")) as writer:
        assert writer.post("/xapi/statements", json=made).status_code == 200
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    code = "\necho; echo ====\n".join(SHELL).replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        capture_output=True,
        text=True,
        env=clean_environment(PATH=path, LRS_DATA=str(server.data)),
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    token, page, looked, metadata, keys = done.stdout.split("\n====\n")
    assert json.loads(token.splitlines()[-1]).keys() == {
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "authorization_details",
    }
    assert [one["id"] for one in json.loads(page)["statements"]] == [made["id"]]
    assert '"active":true' in looked
    assert looked.strip().endswith('{"active":false}')
    assert json.loads(metadata)["token_endpoint"].endswith("/oauth/token")
    assert "verifies" in keys


def test_the_example_of_an_issuer_is_understood_and_shows_every_member() -> None:
    (text,) = JSON
    (found,) = issuers_in(text, own_issuer="https://lrs.example.org", own_audience="https://lrs.example.org/xapi")
    assert found.consumer("moodle-bridge") == "engine"
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE.partition("| Member |")[2], flags=re.MULTILINE)
    assert set(rows) == set(ExternalIssuer.__dataclass_fields__)


def test_every_algorithm_and_setting_in_the_page_is_there() -> None:
    assert ", ".join(ALGORITHMS) in PAGE
    named = {name.removeprefix("LRS_").lower() for name in re.findall(r"LRS_\w+", PAGE)}
    assert named - set(Limits.__dataclass_fields__) == {"oidc_issuers", "public_url", "base"}
