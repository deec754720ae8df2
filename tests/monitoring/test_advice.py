"""What facts mean: each fault is named, with what to do; a healthy store has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lrs.config import Settings
from lrs.limits import Limits
from lrs.monitoring.advice import Level, judge
from lrs.monitoring.facts import Database, Disk, Facts, Machine

NOW_US = 1_795_000_000_000_000
GIB = 1024**3

MACHINE = Machine(
    now_us=NOW_US,
    sqlite_version=(3, 45, 0),
    fts5=True,
    strict=True,
    descriptors_max=65_536,
    processors=2,
    clock_synchronised=True,
)
DISK = Disk(exists=True, writable=True, free_bytes=50 * GIB, filesystem="ext4", fsync_s=0.001)
DATABASE = Database(
    size_bytes=10 * GIB,
    wal_bytes=0,
    in_use=True,
    newest_stored_us=NOW_US - 1,
    consumers=3,
    signing_keys=1,
    signing=1,
    signing_since_us=NOW_US - 1,
)
HEALTHY = Facts(machine=MACHINE, disk=DISK, database=DATABASE)


def found(settings: Settings, facts: Facts) -> dict[str, tuple[Level, str]]:
    """What is not OK, by check."""
    return {one.check: (one.level, one.text) for one in judge(settings, facts) if one.level is not Level.OK}


def with_(part: str, **changes: Any) -> Facts:
    return replace(HEALTHY, **{part: replace(getattr(HEALTHY, part), **changes)})


def test_a_healthy_store_has_no_finding() -> None:
    findings = judge(Settings(), HEALTHY)
    assert {one.level for one in findings} == {Level.OK}
    assert len({one.check for one in findings}) == len(findings)


def test_before_the_first_start_there_is_a_note_only() -> None:
    facts = Facts(machine=MACHINE, disk=Disk(exists=False, writable=True), database=None)
    assert {level for level, _ in found(Settings(), facts).values()} == {Level.NOTE}


@pytest.mark.parametrize(
    ("part", "changes", "check", "level", "word"),
    [
        ("machine", {"sqlite_version": (3, 31, 1)}, "SQLite", Level.ERROR, "3.37.0"),
        ("machine", {"strict": False}, "SQLite", Level.ERROR, "STRICT"),
        ("machine", {"fts5": False}, "SQLite", Level.ERROR, "FTS5"),
        ("machine", {"now_us": 1_000}, "clock", Level.ERROR, "1970"),
        ("machine", {"now_us": NOW_US - 60_000_000}, "clock", Level.ERROR, "set back"),
        ("machine", {"clock_synchronised": False}, "clock", Level.WARNING, "NTP"),
        ("machine", {"descriptors_max": 1_024}, "open files", Level.WARNING, "LimitNOFILE"),
        ("disk", {"writable": False}, "folder", Level.ERROR, "may not write"),
        ("disk", {"exists": False, "writable": False}, "folder", Level.ERROR, "can't be made"),
        ("disk", {"foreign": ["lrs.sqlite3-wal"]}, "folder", Level.ERROR, "lrs.sqlite3-wal"),
        ("disk", {"open_to_others": ["lrs.sqlite3"]}, "folder", Level.WARNING, "chmod"),
        ("disk", {"free_bytes": 1_000_000}, "disk space", Level.ERROR, "counts as full"),
        ("disk", {"free_bytes": GIB // 2}, "disk space", Level.WARNING, "512 MiB"),
        ("disk", {"filesystem": "nfs4"}, "disk", Level.ERROR, "network"),
        ("disk", {"filesystem": "tmpfs"}, "disk", Level.WARNING, "memory"),
        ("disk", {"fsync_s": 0.03}, "disk", Level.NOTE, "30 ms"),
        ("disk", {"fsync_s": 0.3}, "disk", Level.WARNING, "300 ms"),
        ("disk", {"left_behind": [".lrs-restore-x"]}, "unfinished", Level.WARNING, ".lrs-restore-x"),
        ("database", {"fault": "file is not a database"}, "database", Level.ERROR, "lrs restore"),
        ("database", {"unknown_migrations": ["statements.m999"]}, "database", Level.ERROR, "newer version"),
        ("database", {"pending_migrations": ["statements.m2"]}, "database", Level.NOTE, "up to date"),
        ("database", {"wal_bytes": GIB}, "database", Level.WARNING, "1.0 GiB"),
        ("database", {"signing": 0}, "credentials", Level.ERROR, "no token"),
        ("database", {"signing_since_us": 1}, "credentials", Level.NOTE, "rotate"),
        ("database", {"expired_signing_keys": 2}, "credentials", Level.NOTE, "2 signing keys"),
        ("database", {"consumers": 0}, "credentials", Level.NOTE, "lrs consumer add"),
        ("database", {"expired_consumers": 1}, "credentials", Level.NOTE, "expired"),
        ("database", {"quarantined": 4}, "set aside", Level.WARNING, "lrs quarantine"),
        ("database", {"conflicts": 4}, "set aside", Level.NOTE, "lrs conflict"),
    ],
)
def test_each_fault_is_named(part: str, changes: Mapping[str, Any], check: str, level: Level, word: str) -> None:
    findings = found(Settings(), with_(part, **changes))
    assert findings[check][0] is level
    assert word in findings[check][1]


@pytest.mark.parametrize(
    ("settings", "check", "level", "word"),
    [
        (Settings(public_url="lrs.example"), "public URL", Level.ERROR, "no http or https URL"),
        (Settings(public_url="ftp://lrs.example"), "public URL", Level.ERROR, "no http or https URL"),
        (Settings(public_url="https://lrs.example?x=1"), "public URL", Level.ERROR, "query"),
        (Settings(public_url="https://lrs.example/xapi"), "public URL", Level.WARNING, "/xapi"),
        (Settings(public_url="http://lrs.example"), "public URL", Level.WARNING, "TLS"),
        (Settings(port=9000), "public URL", Level.NOTE, "port 9000"),
        (Settings(host="0.0.0.0"), "public URL", Level.WARNING, "this machine only"),
        (Settings(host="0.0.0.0"), "exposure", Level.NOTE, "LRS_METRICS"),
        (Settings(base="xapi"), "paths and origins", Level.ERROR, "begin with /"),
        (Settings(allowed_origins=("*",)), "paths and origins", Level.WARNING, "every site"),
        (Settings(allowed_origins=("https://a.example/x",)), "paths and origins", Level.ERROR, "no origin"),
        (Settings(allowed_origins=("a.example",)), "paths and origins", Level.ERROR, "no origin"),
        (Settings(workers=9), "processes", Level.NOTE, "2 processors"),
        (Settings(limits=Limits(connections_max=100_000)), "open files", Level.WARNING, "LRS_CONNECTIONS_MAX"),
    ],
)
def test_settings_that_cannot_be_right_are_named(settings: Settings, check: str, level: Level, word: str) -> None:
    findings = found(settings, HEALTHY)
    assert findings[check][0] is level
    assert word in findings[check][1]


def test_a_public_address_with_tls_is_as_it_should_be() -> None:
    settings = Settings(public_url="https://lrs.example.org", host="0.0.0.0", metrics="off")
    assert found(settings, HEALTHY) == {}
