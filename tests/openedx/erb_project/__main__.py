"""Takes tracking events on standard input, gives them to ERB, and tells on standard output what became of them.

Input, one JSON object a line:
  ``{"route": ROW, "batch_size": N}``  send to that row of ERB's table; 0: one request per statement, as by default
  ``{"emit": EVENT}``                  as the LMS emits it
  ``{"emit_late": EVENT}``             the same, when the interval of batches has passed
  ``{"replay": [LOG LINE, …]}``        as ERB's management command replays them
  ``{"wait": true}``                   is answered with ``idle`` when nothing is under way
Output, one JSON object a line: ``what`` is ``ready`` (``translates``: names of events), ``made`` (``statements``),
``sent``, ``retried``, ``failed`` (``ids``, ``error``) or ``idle``. ERB counts as sent what its Celery task ended with
success.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import datetime
from typing import Any

from tests.openedx.erb_project import platform_stand_in

# Standard output belongs to the protocol; ERB prints to it too, and is sent to standard error instead.
_OUTPUT = os.fdopen(os.dup(1), "w")
_TELLING = threading.Lock()


def tell(what: str, **more: Any) -> None:
    """Write one line to whoever drives this process."""
    with _TELLING:
        _OUTPUT.write(json.dumps({"what": what, **more}) + "\n")
        _OUTPUT.flush()


class Work:
    """Counts the Celery tasks under way, and tells the end of those that send statements."""

    def __init__(self) -> None:
        self._unfinished: set[str] = set()
        self._changed = threading.Condition()

    def watch(self) -> None:
        from celery import signals

        for signal, receiver in (
            (signals.before_task_publish, self._published),
            (signals.task_success, self._succeeded),
            (signals.task_failure, self._failed),
            (signals.task_retry, self._retried),
        ):
            signal.connect(receiver, weak=False)
        signals.task_prerun.connect(_forget_cached_rows, weak=False)

    def wait(self) -> None:
        """Return when nothing is under way."""
        with self._changed:
            self._changed.wait_for(lambda: not self._unfinished)

    def _published(self, headers: dict[str, Any], body: Any, **_: Any) -> None:
        with self._changed:
            self._unfinished.add(headers["id"])
        if headers.get("retries") == 0 and (statements := statements_of(headers["task"], body[0])):
            tell("made", statements=statements)

    def _succeeded(self, sender: Any, **_: Any) -> None:
        self._ended(sender.request, "sent")

    def _failed(self, sender: Any, exception: BaseException, **_: Any) -> None:
        self._ended(sender.request, "failed", error=repr(exception))

    def _retried(self, request: Any, reason: Any, **_: Any) -> None:
        if statements := statements_of(request.task, request.args):
            tell("retried", ids=[statement["id"] for statement in statements], error=repr(reason))

    def _ended(self, request: Any, what: str, **more: Any) -> None:
        if statements := statements_of(request.task, request.args):
            tell(what, ids=[statement["id"] for statement in statements], **more)
        with self._changed:
            self._unfinished.discard(request.id)
            self._changed.notify_all()


def _forget_cached_rows(**_: Any) -> None:
    """Each thread would keep the route of an earlier test in a cache that is meant to last for one request."""
    from edx_django_utils.cache import RequestCache

    RequestCache.clear_all_namespaces()


def statements_of(task: str, arguments: Any) -> list[dict[str, Any]]:
    """The statements that a Celery task of ERB is to send; none for any other task."""
    name = task.removeprefix("event_routing_backends.tasks.")
    if name == "dispatch_bulk_events":
        return list(arguments[0])
    if name in ("dispatch_event", "dispatch_event_persistent"):
        return [arguments[1]]
    return []


def start_django() -> None:
    """Set up Django with ERB in it."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.openedx.erb_project.settings"
    platform_stand_in.install()

    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def send_to(row: dict[str, Any], batch_size: int) -> None:
    """Make this the one row of ERB's table that says where statements go, and forget what waits for its batch."""
    from django.conf import settings
    from django_redis import get_redis_connection
    from event_routing_backends.models import RouterConfiguration

    settings.EVENT_ROUTING_BACKEND_BATCHING_ENABLED = batch_size > 0
    settings.EVENT_ROUTING_BACKEND_BATCH_SIZE = batch_size
    settings.EVENT_ROUTING_BACKEND_BATCH_INTERVAL = 3600
    RouterConfiguration.objects.all().delete()
    get_redis_connection().flushall()
    _forget_cached_rows()
    RouterConfiguration.objects.create(
        backend_name=RouterConfiguration.XAPI_BACKEND, enabled=True, configurations={}, **row
    )


def translates() -> list[str]:
    """The names of the events that ERB lets through by default and has a translation for."""
    from django.conf import settings
    from event_routing_backends.processors.xapi.registry import XApiTransformersRegistry

    return sorted(XApiTransformersRegistry.mapping.keys() & set(settings.EVENT_TRACKING_BACKENDS_ALLOWED_XAPI_EVENTS))


def start_celery() -> Any:
    """The Celery application of the LMS; the context manager of its worker, which runs in this process."""
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    celery = Celery("lms")
    celery.config_from_object("django.conf:settings", namespace="CELERY")
    celery.set_default()
    celery.autodiscover_tasks(["eventtracking", "event_routing_backends"], force=True)
    return start_worker(celery, pool="threads", concurrency=4, perform_ping_check=False, loglevel="WARNING")


def emit(event: dict[str, Any]) -> None:
    """Hand the event to the tracker, with the instant as the object that it is in an LMS."""
    from eventtracking.tracker import get_tracker

    get_tracker().routing_backend.send({**event, "timestamp": datetime.fromisoformat(event["timestamp"])})


def emit_late(event: dict[str, Any]) -> None:
    """Without a timer of its own, ERB sends what waits in a batch when an event comes after the interval."""
    from django.conf import settings

    settings.EVENT_ROUTING_BACKEND_BATCH_INTERVAL = 0
    emit(event)


def replay(lines: list[str]) -> None:
    """Transform lines of the tracking log, and send them as one batch."""
    from event_routing_backends.management.commands.helpers.queued_sender import QueuedSender

    sender = QueuedSender("LRS", None, None, "xapi", sleep_between_batches_secs=0)
    for line in lines:
        sender.transform_and_queue(line)
    sender.finalize()


def main() -> None:
    sys.stdout = sys.stderr
    start_django()
    work = Work()
    work.watch()
    with start_celery():
        tell("ready", translates=translates())
        for line in sys.stdin:
            match json.loads(line):
                case {"route": row, "batch_size": batch_size}:
                    send_to(row, batch_size)
                case {"emit": event}:
                    emit(event)
                case {"emit_late": event}:
                    emit_late(event)
                case {"replay": lines}:
                    replay(lines)
                case {"wait": True}:
                    work.wait()
                    tell("idle")


if __name__ == "__main__":
    main()
