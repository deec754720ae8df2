"""The rules of the house that no linter knows: sizes, names, who may touch the world, and door signs."""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lrs"

LINES_MAX = 400
FUNCTION_LINES_MAX = 60

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "core", "misc"}

# What touches the world: sockets, disk, clocks, randomness, threads and event loops.
WORLD = {
    "anyio", "asyncio", "concurrent", "fcntl", "glob", "http", "httpx", "io", "logging", "mmap",
    "multiprocessing", "os", "psycopg", "queue", "random", "redis", "requests", "sched", "secrets", "select",
    "selectors", "shutil", "signal", "socket", "socketserver", "sqlite3", "sqlite_utils", "ssl", "starlette",
    "structlog", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "uvicorn", "uvloop",
    "websockets",
}  # fmt: skip

_LOOPS = {"asyncio", "threading", "queue", "concurrent", "structlog", "logging"}

# Which of it a file or folder of that name may import. A folder stands for all files in it.
SHELLS: dict[str, set[str]] = {
    "http": {"starlette", "asyncio", "anyio", "secrets", "structlog", "logging"},
    "sqlite": {"sqlite3", "sqlite_utils", "threading", "os", "secrets", "structlog", "logging"},
    "writer": {*_LOOPS, "sqlite3"},
    "readers": {"asyncio", "queue", "threading"},
    "child": {"os", "secrets", "selectors", "signal", "socket", "sys"},
    "runner": {"asyncio", "threading"},
    "horizon": {"fcntl", "mmap", "os", "threading"},
    "mark": {"mmap", "os", "secrets"},
    "lock": {"fcntl", "os"},
    "files": {"fcntl", "os", "secrets"},
    "siblings": {"fcntl", "os"},
    "tail": {*_LOOPS, "sqlite3"},
    "hub": _LOOPS,
    "session": {*_LOOPS, "starlette"},
    "engine": {"asyncio", "secrets"},
    "service": {"asyncio"},
    "fetch": {"asyncio", "httpx", "ssl", "threading"},
    "workers": {"asyncio", "os"},
    # The client's.
    "wire": {"logging", "random", "ssl", "time", "websockets"},
    "stream": {"asyncio", "time", "websockets"},
    "sync": {"threading", "time", "websockets"},
    "telemetry": {"structlog"},
    "app": WORLD,
    "cli": WORLD,
    "clock": {"time"},
    "config": {"os"},
}

# Values of these modules do nothing by themselves.
HARMLESS = {("random", "Random"), ("http", "HTTPStatus"), ("asyncio", "Protocol"), ("starlette.types", "ASGIApp")}

# Functions of otherwise harmless modules that read the clock, the disk or randomness.
WORLDLY_CALLS = {"uuid1", "uuid4", "uuid6", "uuid7", "now", "utcnow", "today", "open", "urandom", "print", "input"}


@cache
def parsed(path: Path) -> ast.Module:
    # What the collector runs at the end of objects can confuse the parser of Python 3.11.
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


def python_files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def source_files() -> list[Path]:
    found = [
        path
        for folder in ("lrs", "tests", "scripts", "benchmarks", "examples", "web")
        for suffix in ("py", "js", "mjs", "html", "css")
        for path in (ROOT / folder).rglob(f"*.{suffix}")
        if "__pycache__" not in path.parts
    ]
    assert found
    return sorted(found)


def shell_of(path: Path) -> str | None:
    """The name that lets this file touch the world, or None for a pure file."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts == ("__main__",):
        return "cli"
    return next((part for part in parts if part in SHELLS), None)


def imports(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """(module, name) of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node.module or "", alias.name) for alias in node.names)


def in_world(module: str) -> str | None:
    """The entry of WORLD that covers ``module``."""
    parts = module.split(".")
    return next((".".join(parts[:n]) for n in range(1, len(parts) + 1) if ".".join(parts[:n]) in WORLD), None)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_stay_under_the_limit() -> None:
    """A file of 400 lines or more holds two ideas."""
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in source_files()}
    assert {name: lines for name, lines in sizes.items() if lines >= LINES_MAX} == {}


def test_functions_stay_under_the_limit() -> None:
    """A function of 60 lines or more holds two ideas."""
    long = {}
    for path in source_files():
        if path.suffix != ".py":
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines >= FUNCTION_LINES_MAX:
                    long[f"{name_of(path)}:{node.name}"] = lines
    assert long == {}


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    found = [name_of(path) for path in source_files() if FORBIDDEN_NAMES & set(path.with_suffix("").parts)]
    assert found == []


def test_every_package_has_a_door_sign() -> None:
    """The docstring of a package says what lives there."""
    packages = {path.parent for path in python_files(PACKAGE)}
    for package in packages:
        sign = package / "__init__.py"
        assert sign.exists(), f"{name_of(package)} has no __init__.py"
        assert len(ast.get_docstring(parsed(sign)) or "") > 40, f"{name_of(sign)} says too little"


def test_every_module_says_what_it_is() -> None:
    silent = [name_of(path) for path in python_files(PACKAGE) if not ast.get_docstring(parsed(path))]
    assert silent == []


@pytest.mark.parametrize("path", list(python_files(PACKAGE)), ids=name_of)
def test_only_shells_touch_the_world(path: Path) -> None:
    """A pure file imports nothing that does I/O, and a shell only what its name stands for."""
    shell = shell_of(path)
    allowed = SHELLS[shell] if shell else set()
    found = {
        f"{module}.{name}" if name else module
        for module, name in imports(parsed(path))
        if (world := in_world(module)) and world not in allowed and (module, name) not in HARMLESS
    }
    assert found == set()


@pytest.mark.parametrize("path", [path for path in python_files(PACKAGE) if not shell_of(path)], ids=name_of)
def test_pure_files_call_nothing_that_reads_the_world(path: Path) -> None:
    """Time, randomness and files are handed to pure code by its callers."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if called in WORLDLY_CALLS and not (isinstance(function, ast.Attribute) and called == "open"):
                found.add(f"{called} in line {node.lineno}")
    assert found == set()


def test_pure_files_do_not_import_the_shells_of_their_own_room() -> None:
    found = []
    for path in python_files(PACKAGE):
        parts = path.relative_to(PACKAGE).parts
        if len(parts) < 2 or shell_of(path) or path.name == "__init__.py":
            continue
        room = f"lrs.{parts[0]}"
        for module, name in imports(parsed(path)):
            inside = f"{module}.{name}" if name and module == room else module
            if inside.startswith(f"{room}.") and inside.split(".")[2] in SHELLS:
                found.append(f"{name_of(path)} imports {inside}")
    assert found == []


def test_only_one_file_imports_jose() -> None:
    """python-jose is unsafe by default; one file knows how to hold it."""
    using = [name_of(p) for p in python_files(PACKAGE) if any(m.split(".")[0] == "jose" for m, _ in imports(parsed(p)))]
    assert using in ([], ["lrs/auth/tokens.py"])


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_no_banners_and_no_notes_to_self() -> None:
    """Comments are sentences; what is left to do does not stand in the code."""
    found = []
    for path in source_files():
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            text = line.strip()
            banner = text.startswith("#") and len(text) > 3 and not text.strip("#-=*~_ ")
            note = any(f"# {word}" in line for word in ("TODO", "FIXME", "XXX", "HACK"))
            if (banner or note) and path != Path(__file__):
                found.append(f"{name_of(path)}:{number}")
    assert found == []


def test_nothing_names_a_path_of_one_machine() -> None:
    """What is written here is true on every machine."""
    folders = tuple(f"/{name}/" for name in ("work", "root", "Users"))
    pages = [
        *source_files(),
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
    ]
    found = [
        f"{name_of(path)}:{number}"
        for path in pages
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if any(folder in line for folder in folders)
        if path != Path(__file__)
    ]
    assert found == []


@pytest.mark.parametrize("number", range(1, 12))
def test_each_invariant_is_named_by_a_test_that_holds_it(number: int) -> None:
    named = re.compile(rf"[Ii]nvariants?\s(?:\d+(?:,|\sand)\s)*{number}\b")
    assert any(named.search(path.read_text()) for path in python_files(ROOT / "tests") if path != Path(__file__))
