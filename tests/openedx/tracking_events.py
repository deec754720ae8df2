"""Raw tracking events in the shape in which an LMS emits them, of a course and learners that exist nowhere.

Every event has a timestamp of its own, which ERB keeps as the statement's ``timestamp``: so each can be found again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

LMS = "https://learn.alder.example"
COURSE = "course-v1:Alder+BIO1+2026_T1"
OTHER_COURSE = "course-v1:Alder+GEO2+2026_T1"

_START = datetime(2026, 3, 2, 8, 15, 30, 250125, tzinfo=UTC)
_STEP = timedelta(seconds=7, microseconds=1013)

_VIDEO: dict[str, dict[str, Any]] = {
    "load_video": {},
    "edx.video.loaded": {},
    "play_video": {"currentTime": 0.0413},
    "edx.video.played": {"current_time": 12.5},
    "pause_video": {"currentTime": 31.207},
    "edx.video.paused": {"current_time": 33},
    "stop_video": {"currentTime": 96},
    "edx.video.stopped": {"current_time": 95.99},
    "complete_video": {"currentTime": 96},
    "edx.video.completed": {"current_time": 96},
    "seek_video": {"old_time": 12.5, "new_time": 60.25, "type": "onSlideSeek"},
    "edx.video.position.changed": {"old_time": 60.25, "new_time": 30.25, "requested_skip_interval": -30},
    "hide_transcript": {"currentTime": 40},
    "edx.video.transcript.hidden": {"current_time": 41},
    "show_transcript": {"currentTime": 42},
    "edx.video.transcript.shown": {"current_time": 43},
    "video_hide_cc_menu": {"current_time": 44},
    "video_show_cc_menu": {"current_time": 45},
    "edx.video.closed_captions.hidden": {"current_time": 46},
    "edx.video.closed_captions.shown": {"current_time": 47},
    "speed_change_video": {"current_time": 48, "old_speed": "1.0", "new_speed": "1.50"},
}

_FORUM = {
    "thread": ("created", "edited", "deleted", "viewed", "reported", "unreported", "voted"),
    "response": ("created", "edited", "deleted", "reported", "unreported", "voted"),
    "comment": ("created", "edited", "deleted", "reported", "unreported"),
}


def block(kind: str, name: str, course: str = COURSE) -> str:
    """The usage key of a block of the course."""
    return f"{course.replace('course-', 'block-', 1)}+type@{kind}+block@{name}"


@dataclass
class Session:
    """One learner's visit: it hands out events one after the other, each a few seconds after the last."""

    learner: int
    course: str = COURSE
    _at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._at = _START + timedelta(hours=self.learner)

    def event(self, name: str, data: Any, *, source: str = "server", **context: Any) -> dict[str, Any]:
        """One event; ``context`` overrides what is said about the request."""
        self._at += _STEP
        page = f"{LMS}/courses/{self.course}/courseware/cells/membranes/"
        return {
            "name": name,
            "timestamp": self._at.isoformat(),
            "data": data,
            "context": {
                "course_id": self.course,
                "org_id": self.course.split(":")[1].split("+")[0],
                "user_id": self.learner,
                "username": f"learner{self.learner}",
                "session": f"{self.learner:032x}",
                "event_source": source,
                "host": "learn.alder.example",
                "ip": "203.0.113.7",
                "agent": "Firefox/140.0",
                "accept_language": "en-GB",
                "client_id": None,
                "enterprise_uuid": "",
                "page": page if source == "browser" else None,
                "path": "/event" if source == "browser" else f"/courses/{self.course}/xblock/",
                "referer": page,
                **context,
            },
        }

    def everything(self) -> Iterator[dict[str, Any]]:
        """One of every kind of event."""
        yield from self.enrolment()
        yield from self.navigation()
        yield from self.video()
        yield from self.problem()
        yield self.problem_of_many(3)
        yield from self.forum()
        yield from self.grades()

    def enrolment(self) -> Iterator[dict[str, Any]]:
        data = {"course_id": self.course, "user_id": self.learner, "mode": "audit"}
        yield self.event("edx.course.enrollment.activated", data)
        yield self.event("edx.course.enrollment.mode_changed", {**data, "mode": "verified"})
        yield self.event("edx.course.enrollment.deactivated", data)

    def navigation(self) -> Iterator[dict[str, Any]]:
        unit = block("sequential", "membranes", self.course)
        target = f"{LMS}/courses/{self.course}/jump_to/{unit}"
        yield self.event(
            "edx.ui.lms.link_clicked", {"current_url": f"{LMS}/courses/", "target_url": target}, source="browser"
        )
        for name in ("edx.ui.lms.outline.selected", "edx.ui.lms.sequence.outline.selected"):
            yield self.event(name, {"target_name": "Membranes", "target_url": target}, source="browser")
        tabs = {"id": unit, "current_tab": 1, "tab_count": 4, "widget_placement": "top"}
        yield self.event("edx.ui.lms.sequence.next_selected", tabs, source="browser")
        yield self.event("edx.ui.lms.sequence.previous_selected", {**tabs, "current_tab": 2}, source="browser")
        yield self.event("edx.ui.lms.sequence.tab_selected", {**tabs, "target_tab": 3}, source="browser")

    def video(self) -> Iterator[dict[str, Any]]:
        for name, data in _VIDEO.items():
            yield self.event(name, {"id": "osmosis", "code": "html5", "duration": 96, **data}, source="browser")

    def problem(self) -> Iterator[dict[str, Any]]:
        """One problem, from the browser's own report to the answer shown."""
        problem = block("problem", "diffusion", self.course)
        yield self.event("problem_check", "input_diffusion_2_1=choice_1", source="browser")
        yield self.problem_check(attempt=1, correct=False)
        yield self.event(
            "edx.problem.hint.demandhint_displayed", {"module_id": problem, "hint_index": 0, "hint_len": 2}
        )
        yield self.problem_check(attempt=2, correct=True)
        yield self.event("showanswer", {"problem_id": problem})
        yield self.event("edx.completion.block_completion.changed", {"block_id": problem, "completion": 1.0})

    def problem_check(self, *, attempt: int, correct: bool) -> dict[str, Any]:
        """The server's verdict on one question, with grade and attempt number."""
        answer = "towards equal concentration" if correct else "towards the salt"
        return self._checked("diffusion", {"2_1": (answer, correct)}, attempt)

    def problem_of_many(self, questions: int) -> dict[str, Any]:
        """A problem of several questions, of which ERB makes a parent and a child for each."""
        answers = {f"{number + 2}_1": (f"answer {number}", number > 0) for number in range(questions)}
        return self._checked("transport", answers, 1)

    def _checked(self, name: str, answers: dict[str, tuple[str, bool]], attempt: int) -> dict[str, Any]:
        grade = sum(correct for _, correct in answers.values())
        problem = block("problem", name, self.course)
        data = {
            "problem_id": problem,
            "attempts": attempt,
            "grade": grade,
            "max_grade": len(answers),
            "success": "correct" if grade == len(answers) else "incorrect",
            "answers": {f"{name}_{part}": answer for part, (answer, _) in answers.items()},
            "state": {"seed": 1, "done": attempt > 1},
            "submission": {
                f"{name}_{part}": {
                    "question": f"What happens in part {part}?",
                    "answer": answer,
                    "response_type": "multiplechoiceresponse",
                    "input_type": "choicegroup",
                    "correct": correct,
                    "variant": "",
                    "group_label": "",
                }
                for part, (answer, correct) in answers.items()
            },
        }
        return self.event("problem_check", data, module={"display_name": "Diffusion", "usage_key": problem})

    def forum(self) -> Iterator[dict[str, Any]]:
        for kind, actions in _FORUM.items():
            post = f"{self.learner:08x}{len(kind):016x}"
            data = {
                "id": post,
                "title": "Why do cells swell?",
                "body": "In pure water mine burst.",
                "category_name": "Week 1",
                "commentable_id": "week-1",
                "thread_type": "question",
                "user_course_roles": [],
                "user_forums_roles": ["Student"],
                **({} if kind == "thread" else {"discussion": {"id": f"{self.learner:024x}"}}),
            }
            for action in actions:
                said = {**data, "vote_value": "up"} if action == "voted" else data
                yield self.event(f"edx.forum.{kind}.{action}", said, path=f"/api/discussion/v1/{kind}s/{post}/")

    def grades(self) -> Iterator[dict[str, Any]]:
        yield self.subsection_grade(earned=3.0, possible=4.0)
        data = {"course_id": self.course, "user_id": str(self.learner), "percent_grade": 0.75, "letter_grade": "Pass"}
        yield self.event(
            "edx.grades.course.grade_calculated", {**data, "course_version": "1", "grading_policy_hash": "x"}
        )
        for name in ("passed.first_time", "now_passed", "now_failed"):
            yield self.event(f"edx.course.grade.{name}", {"course_id": self.course, "user_id": self.learner})

    def subsection_grade(self, *, earned: float, possible: float) -> dict[str, Any]:
        """A subsection's grade.

        Of nothing to earn ERB makes a score whose ``max`` is its ``min``; of extra credit, one that is scaled beyond 1.
        """
        data = {
            "user_id": str(self.learner),
            "course_id": self.course,
            "block_id": block("sequential", "membranes", self.course),
            "weighted_total_earned": earned,
            "weighted_total_possible": possible,
            "weighted_graded_earned": earned,
            "weighted_graded_possible": possible,
        }
        return self.event("edx.grades.subsection.grade_calculated", data)

    def exams(self) -> Iterator[dict[str, Any]]:
        """Special exams, whose attempts are named by something that is no IRI."""
        for kind in ("timed", "practice", "proctored"):
            for action in ("created", "submitted"):
                data = {
                    "exam_id": 9,
                    "exam_content_id": f"{LMS}/xblock/{block('sequential', 'midterm', self.course)}",
                    "exam_name": "Midterm",
                    "exam_default_time_limit_mins": 45,
                    "attempt_id": self.learner,
                    "attempt_code": f"{self.learner:08X}-ALDER-{kind.upper()}",
                    "attempt_started_at": "2026-03-02T09:00:00+00:00",
                    "attempt_completed_at": "2026-03-02T09:30:00+00:00",
                    "attempt_event_elapsed_time_secs": 1800.5,
                }
                yield self.event(f"edx.special_exam.{kind}.attempt.{action}", data)


def log_line(event: dict[str, Any]) -> str:
    """The same event as a line of the tracking log, where ``data`` is ``event`` and ``timestamp`` is ``time``."""
    context = event["context"]
    requested = ("username", "session", "ip", "agent", "host", "referer", "accept_language", "page", "event_source")
    line = {
        "name": event["name"],
        "context": {key: value for key, value in context.items() if key not in requested},
        **{key: context[key] for key in requested},
        "event": event["data"],
        "event_type": event["name"],
        "time": event["timestamp"],
    }
    return json.dumps(line)
