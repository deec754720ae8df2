"""Write the parts of docs/ that are read off the code: settings, commands, error codes and routes.

Each stands in its page between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; the text around it is written by
hand. ``python -m scripts.write_docs`` (or ``make docs``) rewrites them; a test fails when they are out of date.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from starlette.routing import BaseRoute, Route, WebSocketRoute

from lrs import errors
from lrs.app import create_app
from lrs.cli import main as root_command
from lrs.config import Settings, describe
from lrs.limits import Limits
from lrs.monitoring.catalogue import METRICS, Kind
from lrs.subscriptions.closing import CLOSINGS

DOCS = Path(__file__).resolve().parent.parent / "docs"


def settings_table() -> str:
    """Every setting with default and unit."""
    rows = [(f"`{row.variable}`", _code(row.default), row.unit, row.doc) for row in describe()]
    return _table(("Variable", "Default", "Unit", "Meaning"), rows)


def errors_table() -> str:
    """Every class of ``lrs.errors`` that can reach a client."""
    classes: dict[tuple[int, int, str], list[str]] = {}
    for error in _tree(errors.LrsError):
        if error is not errors.ConfigError:
            classes.setdefault((error.http_status, error.close_code, error.code), []).append(f"`{error.__name__}`")
    rows = [
        (f"`{code}`", str(status), str(close), ", ".join(names))
        for (status, close, code), names in sorted(classes.items())
    ]
    return _table(("`code`", "HTTP status", "Close code", "Classes"), rows)


def commands() -> str:
    """The whole tree of the command ``lrs``, a section for each command."""
    return "\n\n".join(_sections("lrs", root_command))


def routes_table() -> str:
    """Every route of the server as it comes, with the first sentence of what answers there."""
    with TemporaryDirectory() as folder:
        rows = [row for route in asyncio.run(_routes(Path(folder))) for row in _route(route)]
    return _table(("Method", "Path", "What it does"), rows)


async def _routes(folder: Path) -> list[BaseRoute]:
    app = create_app(Settings(data=folder))
    await app.start()
    found = app.routes
    await app.stop()
    return found


def _route(route: BaseRoute) -> Iterator[tuple[str, str, str]]:
    if isinstance(route, WebSocketRoute):
        yield "websocket", f"`{route.path}`", _first_sentence(route.endpoint)
        return
    assert isinstance(route, Route)
    if route.path.endswith("{rest:path}"):
        return
    handlers = getattr(route.endpoint, "handlers", None) or dict.fromkeys(route.methods or (), route.endpoint)
    for method, handler in sorted(handlers.items()):
        if method != "HEAD":
            yield (
                method + (", HEAD" if method == "GET" and "HEAD" in handlers else ""),
                f"`{route.path}`",
                _first_sentence(handler),
            )


def _first_sentence(function: Any) -> str:
    text = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    assert text, f"{function} needs a docstring, which documents its route"
    return text


def closings_table() -> str:
    """Every way in which the server ends a stream."""
    rows = [
        (str(closing.code), f"`{closing.name}`", "yes" if closing.again else "no", closing.meaning)
        for closing in sorted(CLOSINGS.values())
    ]
    return _table(("Code", "Name", "Again", "Meaning"), rows)


def stream_limits_table() -> str:
    """The limits of the stream, with the settings that change them."""
    names = [row.name for row in fields(Limits)]
    of_stream = names[names.index("client_frame_bytes_max") : names.index("credential_check_s")]
    variables = {f"LRS_{name.upper()}" for name in (*of_stream, "query_values_max")}
    rows = [(f"`{row.variable}`", row.default, row.unit, row.doc) for row in describe() if row.variable in variables]
    return _table(("Variable", "Default", "Unit", "Meaning"), rows)


def metrics_table() -> str:
    """Every metric that the server gives."""
    kinds = {Kind.SNAPSHOT: "gauge histogram"}
    rows = [
        (
            f"`{row.name}`",
            kinds.get(row.kind, row.kind.name.lower()),
            ", ".join(f"`{label}`" for label in (*row.labels, *(() if row.of_store else ("worker",)))),
            row.meaning,
        )
        for row in METRICS.values()
    ]
    return _table(("Metric", "Kind", "Labels", "Meaning"), rows)


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("settings.md", settings_table),
    "errors": ("errors.md", errors_table),
    "commands": ("cli.md", commands),
    "routes": ("routes.md", routes_table),
    "closings": ("stream.md", closings_table),
    "stream-limits": ("stream.md", stream_limits_table),
    "metrics": ("operations.md", metrics_table),
}


def rendered(name: str) -> tuple[Path, str]:
    """The page that holds the part ``name``, as it should read."""
    page, write = PARTS[name]
    path = DOCS / page
    text = path.read_text()
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    assert text.count(begin) == text.count(end) == 1, f"{path} needs {begin} and {end}, once each"
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    return path, f"{head}{begin}\n\n{write()}\n\n{end}{tail}"


def _tree(error: type[errors.LrsError]) -> Iterator[type[errors.LrsError]]:
    yield error
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


def _sections(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    lines = [f"## `{path}`", "", _prose(command.help or "")]
    if isinstance(command, click.Group):
        names = [name for name in command.list_commands(context) if not _command(command, context, name).hidden]
        lines += ["", *(f"- [`{path} {name}`](#{_anchor(f'{path} {name}')})" for name in names)]
        yield "\n".join(lines)
        for name in names:
            yield from _sections(f"{path} {name}", _command(command, context, name))
        return
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    rows = [_parameter(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    lines += ["", f"    {usage}"]
    if rows:
        lines += ["", _table(("Parameter", "Meaning"), rows)]
    yield "\n".join(lines)


def _command(group: click.Group, context: click.Context, name: str) -> click.Command:
    command = group.get_command(context, name)
    assert command is not None, name
    return command


def _parameter(parameter: click.Parameter) -> tuple[str, str]:
    if isinstance(parameter, click.Argument):
        return (
            f"`{parameter.make_metavar(click.Context(click.Command('lrs')))}`",
            "Required." if parameter.required else "",
        )
    assert isinstance(parameter, click.Option)
    names = ", ".join((*parameter.opts, *parameter.secondary_opts))
    if not parameter.is_flag:
        names += f" {parameter.make_metavar(click.Context(click.Command('lrs')))}"
    notes = [(parameter.help or "").replace("  [", " [")]
    if parameter.required:
        notes.append("Required.")
    if parameter.envvar:
        notes.append(f"Also `{parameter.envvar}`.")
    if parameter.show_default and parameter.default is not None:
        notes.append(f"Default: `{parameter.default}`.")
    return f"`{names}`", " ".join(note for note in notes if note)


def _prose(text: str) -> str:
    """A docstring as Markdown: blocks that click keeps as they are (after a backspace) become code."""
    blocks = []
    for block in text.strip().split("\n\n"):
        lines = [line.strip() if not block.startswith("\b") else line for line in block.splitlines()]
        if lines[0] == "\b":
            blocks.append("\n".join(f"    {line}" for line in lines[1:]))
        else:
            blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def _code(value: str) -> str:
    return f"`{value}`" if value else "(empty)"


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def main() -> None:
    """Rewrite every page that has changed."""
    for name in PARTS:
        path, text = rendered(name)
        if path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
