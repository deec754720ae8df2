"""Requests are counted by what is known beforehand, whatever strangers ask for."""

from __future__ import annotations

import pytest

from lrs.monitoring.requests import OTHER, Requests, Routes


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/xapi/statements", "/xapi/statements"),
        ("/admin/api/consumers/lms", "/admin/api/consumers/{name}"),
        ("/admin/api/consumers/lms/keys", "/admin/api/consumers/{name}/keys"),
        ("/files/a/b", "/files/{rest:path}"),
        ("/", "/"),
        ("/xapi/statements/", OTHER),
        ("/admin/api/consumers/", OTHER),
        ("/wp-login.php", OTHER),
    ],
)
def test_a_path_counts_for_the_route_that_was_declared(path: str, route: str) -> None:
    routes = Routes(
        [
            "/",
            "/xapi/statements",
            "/admin/api/consumers/{name}",
            "/admin/api/consumers/{name}/keys",
            "/files/{rest:path}",
        ]
    )
    assert routes.of(path) == route


def test_requests_are_counted_by_route_method_and_class_of_status() -> None:
    requests = Requests()
    for status in (200, 204, 404):
        requests.note("/r", "PUT", status, 0.003)
    counts = {key: sum(one.counts) for key, one in requests.seconds.items()}
    assert counts == {("/r", "PUT", "2xx"): 2, ("/r", "PUT", "4xx"): 1}
    assert requests.seconds["/r", "PUT", "2xx"].total == pytest.approx(0.006)


def test_methods_that_nobody_knows_are_one() -> None:
    requests = Requests()
    for number in range(100):
        requests.note("/r", f"X{number}", 405, 0.001)
    assert {key: sum(one.counts) for key, one in requests.seconds.items()} == {("/r", OTHER, "4xx"): 100}
