"""Settings: read once, from ``LRS_…`` environment variables or from code; each with unit, default, range and one line.

The command line, the documentation and ``describe`` all read the same rows, so a setting can't exist in one only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from lrs.errors import ConfigError
from lrs.limits import DEFAULT_LIMITS, Limits, bounded, checked


def _text(default: str, doc: str, *, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"doc": doc, "unit": "", "choices": choices})


def _names(doc: str) -> Any:
    return field(default=(), metadata={"doc": doc, "unit": "comma-separated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one store is served. ``limits`` holds the bounds of ``lrs.limits``."""

    data: Path = field(
        default=Path("data"), metadata={"doc": "Folder of the store; made when it is missing.", "unit": "path"}
    )
    host: str = _text("127.0.0.1", "Address to listen on.")
    port: int = bounded(8080, 0, 65535, "port", "Port to listen on; 0 takes a free one.")
    workers: int = bounded(1, 1, 64, "processes", "Server processes on the one store.")
    log_process: str = _text(
        "on", "Whether `lrs serve` writes statements in a process of its own, which is faster.", choices=("on", "off")
    )
    base: str = _text("/xapi", "Path under which the xAPI resources and the stream are served.")
    public_url: str = _text(
        "http://localhost:8080", "How clients reach the server: issuer of tokens and homePage of authorities."
    )
    default_xapi_version: str = _text(
        "1.0.3", "xAPI version of the refusal when a request names none.", choices=("1.0.3", "2.0.0")
    )
    allowed_origins: tuple[str, ...] = _names(
        "Browser origins that may use the resources and the stream; empty: the same origin only."
    )
    client_address_header: str = _text(
        "", "Header in which a proxy tells the address of the client, such as X-Real-IP; empty: there is none."
    )
    oidc_issuers: str = _text(
        "", "OpenID issuers whose tokens are taken too, as a JSON array; docs/oauth.md shows its members."
    )
    log_level: str = _text("info", "Least severity that is logged.", choices=("debug", "info", "warning", "error"))
    log_format: str = _text("console", "Form of log lines.", choices=("console", "json"))
    access_log: str = _text("off", "Whether each request is logged: route, status and time.", choices=("off", "on"))
    metrics: str = _text(
        "open",
        "Who may read /metrics: everybody, who has the scope admin, or nobody.",
        choices=("open", "admin", "off"),
    )
    retention_days: int = bounded(
        0, 0, 36_500, "days", "Statements are erased when they were stored so long ago; 0 keeps them for ever."
    )
    limits: Limits = DEFAULT_LIMITS

    @property
    def database(self) -> Path:
        """The SQLite file that holds log, documents, consumers and tokens."""
        return self.data / "lrs.sqlite3"

    @property
    def attachments(self) -> Path:
        """The folder with the data of attachments."""
        return self.data / "attachments"


class SettingRow(NamedTuple):
    """One setting as documentation shows it."""

    variable: str
    default: str
    unit: str
    doc: str


def _rows() -> Iterator[tuple[str, Field[Any], bool]]:
    """(environment variable, dataclass field, whether it is a limit) of every setting."""
    for row in fields(Settings):
        if row.name != "limits":
            yield f"LRS_{row.name.upper()}", row, False
    for row in fields(Limits):
        yield f"LRS_{row.name.upper()}", row, True


def describe() -> list[SettingRow]:
    """Every setting, in order, for ``docs/settings.md`` and ``lrs settings``."""
    rows = []
    for variable, row, _ in _rows():
        default = ",".join(row.default) if isinstance(row.default, tuple) else str(row.default)
        rows.append(SettingRow(variable, default, row.metadata["unit"], row.metadata["doc"]))
    return rows


def _number(variable: str, row: Field[Any], value: str) -> float:
    low, high = row.metadata["low"], row.metadata["high"]
    try:
        number = int(value) if row.type == "int" else float(value)
    except ValueError:
        raise ConfigError(f"{variable}={value!r} is not a number ({row.metadata['unit']})") from None
    if not low <= number <= high:
        raise ConfigError(f"{variable}={value} is outside {low}..{high} {row.metadata['unit']}")
    return number


def _value(variable: str, row: Field[Any], value: str) -> Any:
    if "low" in row.metadata:
        return _number(variable, row, value)
    if row.type == "Path":
        return Path(value)
    if isinstance(row.default, tuple):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    choices = row.metadata.get("choices")
    if choices and value not in choices:
        raise ConfigError(f"{variable}={value!r} must be one of {', '.join(map(repr, choices))}")
    return value


def read_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from ``environment`` (default: the process's), with ``overrides`` by field name on top.

    Overrides of None count as not given, so command line options can be passed through as they are.
    Raises ConfigError for a value out of range and for an unknown ``LRS_`` variable: most often a typing mistake.
    """
    environment = os.environ if environment is None else environment
    given: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    known = set()
    for variable, row, is_limit in _rows():
        known.add(variable)
        if variable in environment:
            (limits if is_limit else given)[row.name] = _value(variable, row, environment[variable])
    unknown = sorted(name for name in environment if name.startswith("LRS_") and name not in known)
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]}; `lrs settings` lists them all")
    given.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return Settings(**given, limits=checked(Limits(**(asdict(DEFAULT_LIMITS) | limits))))
    except AssertionError as error:
        raise ConfigError(f"settings contradict each other: {error}") from None
