"""Train the dictionary with which payloads are packed: ``python -m scripts.train_dictionary``.

The samples are made here, out of what Open edX's statements have in common: their verbs, types, extensions and shape.
What differs from one platform to the next is random, so it leaves no trace in the dictionary; nor does any learner.
Each store keeps a copy of the dictionary that it began with, so a new one is for new stores only.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import zstandard

from lrs.statements.sqlite.packing import SHIPPED

SAMPLES = 4_000
DICTIONARY_BYTES = 12 * 1024

_ADL = "http://adlnet.gov/expapi"
_TINCAN = "http://id.tincanapi.com"
_W3ID = "https://w3id.org/xapi"

VERBS = {
    f"{_ADL}/verbs/{name}"
    for name in (
        "answered",
        "asked",
        "attempted",
        "attended",
        "completed",
        "experienced",
        "failed",
        "initialized",
        "interacted",
        "launched",
        "passed",
        "progressed",
        "registered",
        "resumed",
        "scored",
        "suspended",
        "terminated",
        "voided",
    )
} | {
    f"{_W3ID}/video/verbs/played",
    f"{_W3ID}/video/verbs/paused",
    f"{_W3ID}/video/verbs/seeked",
    f"{_W3ID}/acrossx/verbs/evaluated",
    f"{_W3ID}/acrossx/verbs/posted",
    f"{_W3ID}/acrossx/verbs/edited",
    f"{_W3ID}/acrossx/verbs/reported",
    f"{_W3ID}/dod-isd/verbs/navigated",
    f"{_W3ID}/dod-isd/verbs/deleted",
    f"{_W3ID}/openedx/verb/unreported",
    f"{_W3ID}/openedx/verb/voted",
    f"{_TINCAN}/verb/earned",
    f"{_TINCAN}/verb/viewed",
}
TYPES = (
    f"{_ADL}/activities/cmi.interaction",
    f"{_ADL}/activities/question",
    f"{_ADL}/activities/assessment",
    f"{_ADL}/activities/attempt",
    f"{_ADL}/activities/link",
    f"{_ADL}/activities/module",
    f"{_ADL}/activities/lesson",
    f"{_W3ID}/video/activity-type/video",
    f"{_W3ID}/openedx/activity/timed-assessment",
    f"{_W3ID}/openedx/activity/proctored-assessment",
    f"{_W3ID}/openedx/activity/practice-assessment",
    f"{_TINCAN}/activitytype/resource",
    f"{_TINCAN}/activitytype/discussion",
    f"{_TINCAN}/activitytype/solution",
    "http://www.tincanapi.co.uk/activitytypes/grade_classification",
)
NUMBERS = (
    f"{_W3ID}/video/extensions/time",
    f"{_W3ID}/video/extensions/time-from",
    f"{_W3ID}/video/extensions/time-to",
    f"{_W3ID}/video/extensions/length",
    f"{_W3ID}/acrossx/extensions/total-items",
    f"{_W3ID}/acrossx/extensions/time-limit",
    f"{_TINCAN}/extension/attempt-id",
    f"{_TINCAN}/extension/duration",
    f"{_TINCAN}/extension/starting-position",
    f"{_TINCAN}/extension/ending-point",
)
BLOCKS = ("problem", "video", "sequential", "vertical", "html")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Samples:
    """Makes payloads as rows hold them."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)  # noqa: S311 - the dictionary must come out the same again.

    def payload(self) -> bytes:
        chance = self._chance
        platform = f"{chance.choice(('https', 'http'))}://{self._word()}.{self._word()}.{self._word()}"
        course = f"{self._word()}+{self._word()}+{self._word()}"
        verb = chance.choice(sorted(VERBS))
        statement: dict[str, Any] = {
            "id": self._uuid(),
            "actor": {"objectType": "Agent", "account": {"homePage": platform, "name": self._uuid()}},
            "verb": {"id": verb, "display": {"en": verb.rsplit("/", 1)[-1]}},
            "object": self._activity(platform, course),
        }
        if chance.random() < 0.6:
            statement["result"] = self._result()
        statement["context"] = {
            "extensions": {
                f"{_W3ID}/openedx/extension/transformer-version": f"event-routing-backends@{self._version()}",
                f"{_W3ID}/openedx/extensions/session-id": self._uuid().replace("-", ""),
            },
            "contextActivities": {"parent": [self._course(platform, course)]},
        }
        if chance.random() < 0.1:
            statement["context"]["registration"] = self._uuid()
        statement["timestamp"] = f"{self._time()}+00:00"
        statement["version"] = "1.0.3"
        name = self._word()
        home = f"{chance.choice(('https', 'http'))}://{self._word()}.{self._word()}"
        statement["authority"] = {"objectType": "Agent", "name": name, "account": {"homePage": home, "name": name}}
        statement["stored"] = f"{self._time()}Z"
        return orjson.dumps(statement)

    def _activity(self, platform: str, course: str) -> dict[str, Any]:
        chance = self._chance
        if chance.random() < 0.25:
            return self._course(platform, course)
        block = f"block-v1:{course}+type@{chance.choice(BLOCKS)}+block@{self._uuid().replace('-', '')}"
        definition: dict[str, Any] = {"type": chance.choice(TYPES), "name": {self._language(): self._text()}}
        if chance.random() < 0.3:
            definition["interactionType"] = chance.choice(("other", "choice", "fill-in", "numeric"))
        if chance.random() < 0.3:
            definition["extensions"] = self._extensions()
        return {"objectType": "Activity", "id": f"{platform}/xblock/{block}", "definition": definition}

    def _course(self, platform: str, course: str) -> dict[str, Any]:
        definition = {"type": f"{_ADL}/activities/course", "name": {self._language(): self._text()}}
        return {"objectType": "Activity", "id": f"{platform}/course/course-v1:{course}", "definition": definition}

    def _result(self) -> dict[str, Any]:
        chance = self._chance
        if chance.random() < 0.4:
            return {"extensions": self._extensions()}
        raw = round(chance.random(), 4)
        score = {"scaled": raw, "raw": raw, "min": 0.0, "max": 1.0}
        result: dict[str, Any] = {"score": score, "success": chance.random() < 0.5}
        if chance.random() < 0.3:
            result["response"] = f"{{'{self._uuid().replace('-', '')}_2_1': ['choice_0', 'choice_{self._word()}']}}"
        if chance.random() < 0.3:
            result["completion"] = True
        return result

    def _extensions(self) -> dict[str, Any]:
        chosen = self._chance.sample(NUMBERS, self._chance.randint(1, 3))
        return {name: round(self._chance.uniform(0, 600), 3) for name in chosen}

    def _language(self) -> str:
        return self._chance.choice(("en", "en-US"))

    def _text(self) -> str:
        return " ".join(self._word() for _ in range(self._chance.randint(1, 6)))

    def _word(self) -> str:
        return "".join(self._chance.choices(_LETTERS, k=self._chance.randint(3, 9)))

    def _uuid(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128), version=4))

    def _version(self) -> str:
        return f"{self._chance.randint(1, 30)}.{self._chance.randint(0, 9)}.{self._chance.randint(0, 9)}"

    def _time(self) -> str:
        chance = self._chance
        day = f"20{chance.randint(20, 35)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        moment = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
        return f"{day}T{moment}.{chance.randint(0, 999_999):06}"


def main() -> None:
    """Write the dictionary that comes with the package."""
    samples = Samples(1)
    made: list[bytes | bytearray | memoryview] = [samples.payload() for _ in range(SAMPLES)]
    trained = zstandard.train_dictionary(DICTIONARY_BYTES, made, level=3)
    Path(SHIPPED).write_bytes(trained.as_bytes())
    print(f"{SHIPPED.name}: {len(trained)} bytes from {SAMPLES:,} samples")


if __name__ == "__main__":
    main()
