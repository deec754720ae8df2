"""The pages as files: what is served, with which headers, and what may not stand in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.admin.desk import Browser

WEB = Path(__file__).resolve().parents[2] / "web"
MODULES = sorted((WEB / "admin").rglob("*.js"))
DOCUMENTS = sorted(WEB.rglob("*.html"))
PAGES = sorted(path.stem for path in (WEB / "admin" / "pages").glob("*.js"))


def served(browser: Browser, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    answer = browser.server.request("GET", path, headers=headers)
    return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content


@pytest.mark.parametrize("path", ["/", "/request", *(f"/admin/{name}" for name in PAGES)])
def test_every_page_is_there_for_everybody_and_lets_nothing_else_in(browser: Browser, path: str) -> None:
    """They hold no data: that comes from the API, which asks who is asking."""
    status, headers, body = served(browser, path)
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert body.startswith(b"<!doctype html>")
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert {"form-action 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} <= set(policy)
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/admin/main.js", "/admin/admin.css", "/admin/icon.svg", "/admin/pages/login.js"])
def test_parts_have_their_type_and_are_asked_for_again(browser: Browser, path: str) -> None:
    status, headers, _ = served(browser, path)
    assert status == 200
    kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[path.rpartition(".")[2]]
    assert headers["content-type"].startswith(kind)
    assert headers["cache-control"] == "no-cache"
    again, fewer, body = served(browser, path, **{"If-None-Match": headers["etag"]})
    assert (again, fewer["etag"], body) == (304, headers["etag"], b"")


def test_the_way_in_is_relative(browser: Browser) -> None:
    """Only the browser knows the scheme, host and prefix under which it reached this."""
    assert served(browser, "/admin")[1]["location"] == "admin/overview"
    assert served(browser, "/admin/")[1]["location"] == "overview"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/nothing",
        "/admin/pages",
        "/admin/index.html/",
        "/admin/%2e%2e/stream.js",
        "/admin/pages/..%2f..%2fstream.js",
        "/admin//etc/passwd",
        "/admin/%00",
    ],
)
def test_nothing_else_is_found(browser: Browser, path: str) -> None:
    """Attack: files beside the pages, by paths that lead out of their folder."""
    assert served(browser, path)[0] == 404


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_have_no_way_from_text_to_markup_or_script(path: Path) -> None:
    ways = r"(inner|outer)HTML|insertAdjacentHTML|document\.write|ContextualFragment|\beval\(|new Function|DOMParser"
    assert re.findall(ways, path.read_text()) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_import_what_is_there(path: Path) -> None:
    for name in re.findall(r'from "([^"]+)"', path.read_text()):
        assert name.startswith(("./", "../")), "nothing comes from elsewhere"
        assert (path.parent / name).resolve().is_file(), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(WEB)))
def test_documents_hold_neither_script_nor_style_nor_addresses_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', text) == []
    assert '<html lang="en">' in text
