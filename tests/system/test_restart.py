"""Behind a socket that somebody else keeps open, a restart refuses nobody."""

from __future__ import annotations

import json
import socket
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

from tests.samples import statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, authorization, blocking_client, key_of
from tests.system.server import Server


def put_each_on_a_new_connection(port: int, headers: dict[str, str], stop: threading.Event, sent: list[str]) -> None:
    """As event-routing-backends does: nothing is tried again, so any exception is a statement lost."""
    while not stop.is_set():
        made: dict[str, Any] = statement(block=f"b{len(sent)}")
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{STATEMENTS}?statementId={made['id']}",
            method="PUT",
            data=json.dumps(made).encode(),
            headers={"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            assert answer.status == 204
        sent.append(made["id"])


def test_a_writer_notices_no_restart_of_a_server_with_an_inherited_socket(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        server = Server(tmp_path / "data", descriptors=(listener.fileno(),))
        server.start("--fd", str(listener.fileno()))
        add_consumer(server, "lms", "statements/write", "statements/read/mine")
        credential = key_of(server, "lms")
        stop, sent, failures = threading.Event(), list[str](), list[BaseException]()

        def write() -> None:
            try:
                put_each_on_a_new_connection(server.port, authorization(credential), stop, sent)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        for _ in range(3):
            before = len(sent)
            server.stop()
            server.start("--fd", str(listener.fileno()))
            while len(sent) < before + 20 and not failures:
                stop.wait(0.01)
        stop.set()
        for writer in writers:
            writer.join(WAIT_S)
        assert failures == []
        with blocking_client(server, credential) as reader:
            for statement_id in sent[::10]:
                assert reader.get(STATEMENTS, params={"statementId": statement_id}).status_code == 200
        server.close()


def test_a_socket_handed_over_by_systemd_is_found_without_being_named(tmp_path: Path) -> None:
    """sd_listen_fds(3): the descriptor is 3, and the process is named by LISTEN_PID."""
    program = "import os,sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid()); "
    program += "os.execv(sys.executable, [sys.executable, '-m', 'lrs', *sys.argv[2:]])"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(
            tmp_path / "data",
            command=(sys.executable, "-c", program, str(listener.fileno())),
            descriptors=(listener.fileno(),),
            LISTEN_FDS="1",
        )
        server.start()
        assert server.port == listener.getsockname()[1]
        server.close()
