"""The module of the stream in a browser, from the server's own pages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, client, key_of, token_for
from tests.system.server import Server
from tests.web.conftest import wait_until_acknowledged

READ = """
async (options) => {
  const { Stream } = await import("/stream.js");
  window.got = [];
  window.stream = new Stream("/xapi/stream", options);
  window.reading = (async () => {
    for await (const { statements, cursor } of window.stream.batches()) {
      window.got.push(...statements.map(({ id }) => id));
      window.kept = cursor;
    }
  })().catch((error) => `${error.name} ${error.code}`);
}
"""
RENEW = """
async ([tokens, start]) => {
  const { Stream } = await import("/stream.js");
  const stream = new Stream("/xapi/stream", { start, tokenProvider: async () => tokens.shift() });
  for await (const { id } of stream) return [id, tokens.length];
}
"""


async def read(page: Page, server: Server, **options: Any) -> None:
    await page.goto(server.url)
    await page.evaluate(READ, options)


async def wait_for_ids(page: Page, made: list[str]) -> None:
    async with asyncio.timeout(WAIT_S):
        while (got := await page.evaluate("window.got")) != made:
            assert made[: len(got)] == got
            await asyncio.sleep(0.05)


async def write(server: Server, key: tuple[str, str], *made: dict[str, Any]) -> list[str]:
    async with client(server, key) as writer:
        ids: list[str] = (await writer.post(STATEMENTS, json=made)).json()
    return ids


async def test_it_reads_through_kills_and_stops_of_the_server(browser: Browser, server: Server) -> None:
    add_consumer(server, "lms", "statements/write")
    key = key_of(server, "lms")
    token = token_for(server, "page", "stream", courses=(COURSE_A,))
    made = await write(server, key, *(statement() for _ in range(600)))
    page = await browser.new_page()
    await read(page, server, token=token, start="beginning", filter={"course": [COURSE_A]})
    await wait_for_ids(page, made)
    for end in (server.kill, server.stop):
        await asyncio.to_thread(end)
        await asyncio.to_thread(server.start)
        await write(server, key, statement(course=COURSE_B))
        made += await write(server, key, statement(), statement())
    await wait_for_ids(page, made)


@pytest.mark.parametrize(
    ("options", "refusal"),
    [({"token": "none"}, "Refused invalid_token"), ({"after": "none"}, "CursorInvalid cursor_invalid")],
)
async def test_what_the_server_refuses_reaches_the_page(
    browser: Browser, server: Server, options: dict[str, Any], refusal: str
) -> None:
    token = token_for(server, "page", "stream")
    page = await browser.new_page()
    await read(page, server, **{"token": token, **options})
    assert await page.evaluate("window.reading") == refusal


async def test_a_page_may_leave_and_take_the_cursor_along(browser: Browser, server: Server) -> None:
    add_consumer(server, "lms", "statements/write")
    key = key_of(server, "lms")
    token = token_for(server, "page", "stream")
    first = await write(server, key, statement())
    page = await browser.new_page()
    await read(page, server, token=token, start="beginning")
    await wait_for_ids(page, first)
    cursor = await page.evaluate("kept")
    await page.evaluate("stream.close()")
    assert await page.evaluate("window.reading") is None
    second = await write(server, key, statement())
    await read(page, server, token=token, after=cursor)
    await wait_for_ids(page, second)


async def test_a_page_goes_on_by_the_name_alone(browser: Browser, server: Server) -> None:
    add_consumer(server, "lms", "statements/write")
    key = key_of(server, "lms")
    token = token_for(server, "page", "stream")
    options: dict[str, Any] = {"token": token, "durable": "page", "window": 10}
    first = await write(server, key, *(statement() for _ in range(25)))
    page = await browser.new_page()
    await read(page, server, **options, start="beginning")
    await wait_for_ids(page, first)
    await asyncio.to_thread(wait_until_acknowledged, server)
    await page.close()
    second = await write(server, key, statement(), statement())
    page = await browser.new_page()
    await read(page, server, **options)
    await wait_for_ids(page, second)


async def test_an_expired_token_is_replaced(browser: Browser, server: Server) -> None:
    """The page is told so by a close code, since it sees no HTTP status."""
    add_consumer(server, "lms", "statements/write")
    add_consumer(server, "page", "stream")
    made = await write(server, key_of(server, "lms"), statement())
    tokens = [
        (await asyncio.to_thread(server.run, "token", "issue", "page", "--ttl", ttl)).strip() for ttl in ("1s", "1h")
    ]
    await asyncio.sleep(1.1)
    page = await browser.new_page()
    await page.goto(server.url)
    assert await page.evaluate(RENEW, [tokens, "beginning"]) == [made[0], 0]
