"""``lrs consumer``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.invoke import Shell


def test_a_consumer_without_options_says_plainly_that_it_covers_every_course(lrs: Shell) -> None:
    shown = lrs("consumer", "add", "open-edx").stdout
    assert "courses  every course\n" in shown
    assert "scopes   statements/write statements/read/mine\n" in shown
    assert "expires  never\n" in shown


def test_scopes_and_courses_may_be_repeated_and_written_as_iris(lrs: Shell) -> None:
    added = lrs.json(
        *("consumer", "add", "engine", "--scope", "stream", "--scope", "statements/read"),
        *("--course", "https://lms.example.org/courses/course-v1:MITx+C1+a", "--course", "course-v1:edX+*"),
    )
    assert added["scopes"] == ["statements/read", "stream"]
    assert added["courses"] == ["course-v1:MITx+C1+a", "course-v1:edX+*"]


def test_json_names_every_course_by_a_star(lrs: Shell) -> None:
    assert lrs.json("consumer", "add", "engine")["courses"] == ["*"]


def test_a_consumer_may_have_an_end(lrs: Shell) -> None:
    added = lrs.json("consumer", "add", "engine", "--expires", "2999-01-31")
    assert added["expires_at"] == "2999-01-31T00:00:00Z"
    assert lrs.json("consumer", "set", "engine", "--expires", "never")["expires_at"] is None


def test_the_list_is_aligned(lrs: Shell) -> None:
    lrs("consumer", "add", "a-long-name-of-a-consumer", "--scope", "all")
    lrs("consumer", "add", "b", "--scope", "stream", "--course", "course-v1:MITx+*")
    heading, first, second = lrs("consumer", "list").stdout.splitlines()
    column = heading.index("COURSES")
    assert first[column:].startswith("every course ")
    assert second[column:].startswith("course-v1:MITx+*")


def test_an_empty_list_prints_nothing_for_programs(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    assert lrs("key", "list").stdout == ""
    assert lrs.json("key", "list") == []


def test_show_and_list_agree(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    assert lrs.json("consumer", "list") == [lrs.json("consumer", "show", "engine")]


def test_disable_and_enable_switch_the_state(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    assert lrs.json("consumer", "disable", "engine")["state"] == "disabled"
    assert lrs.json("consumer", "show", "engine")["state"] == "disabled"
    assert lrs.json("consumer", "enable", "engine")["state"] == "active"


def test_set_replaces_what_is_given_and_leaves_the_rest(lrs: Shell) -> None:
    lrs("consumer", "add", "engine", "--scope", "stream", "--course", "course-v1:MITx+*")
    changed = lrs.json("consumer", "set", "engine", "--scope", "all")
    assert (changed["scopes"], changed["courses"]) == (["all"], ["course-v1:MITx+*"])
    changed = lrs.json("consumer", "set", "engine", "--course", "*")
    assert (changed["scopes"], changed["courses"]) == (["all"], ["*"])


def test_set_without_a_change_is_wrong_usage(lrs: Shell) -> None:
    assert "--scope" in lrs("consumer", "set", "engine", exit_code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("add", "x", "--scope", "root"), "'root'"),
        (("add", "x", "--course", "MITx"), "'MITx'"),
        (("add", "x", "--expires", "2001-01-01"), "expired"),
        (("add", " x"), "name"),
        (("add", "engine"), "already"),
        (("show", "nobody"), "'nobody'"),
        (("disable", "nobody"), "'nobody'"),
        (("set", "engine", "--course", "course-v1:*"), "course-v1:"),
    ],
)
def test_a_mistake_is_named_in_one_line(lrs: Shell, arguments: tuple[str, ...], named: str) -> None:
    lrs("consumer", "add", "engine")
    assert named in lrs.refused("consumer", *arguments)


def test_a_mistyped_folder_is_not_made_into_a_store(lrs: Shell) -> None:
    for command in (("consumer", "list"), ("key", "add", "x"), ("token", "issue", "x"), ("consumer", "show", "x")):
        assert "there is no store in" in lrs.refused(*command)
    assert not lrs.data.exists()


def test_a_folder_that_can_not_be_made_is_one_line(lrs: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lrs.data = tmp_path / "file" / "data"
    assert "can't make the store" in lrs.refused("consumer", "add", "engine")


def test_the_option_data_comes_before_the_environment(lrs: Shell, tmp_path: Path) -> None:
    lrs("consumer", "add", "engine", "--data", str(tmp_path / "other"))
    assert (tmp_path / "other" / "lrs.sqlite3").exists()
    assert not lrs.data.exists()


VERB, SITE, ACTOR = "https://example.com/verbs/answered", "https://lms.example.com", '{"mbox":"mailto:a@example.com"}'


def test_restrictions_stand_beside_the_courses(lrs: Shell) -> None:
    added = lrs.json("consumer", "add", "engine", "--verb", VERB, "--site", SITE, "--actor", ACTOR)
    assert added["verbs"] == [VERB]
    assert added["sites"] == [SITE]
    assert added["actors"] == [{"mbox": "mailto:a@example.com"}]
    assert "activity_types" not in added
    shown = lrs("consumer", "show", "engine").stdout
    assert f"verbs    {VERB}\n" in shown
    assert f"actors   {ACTOR}\n" in shown
    assert "every course, restricted" in lrs("consumer", "list").stdout


def test_a_restriction_is_replaced_alone_and_lifted_by_a_star(lrs: Shell) -> None:
    lrs("consumer", "add", "engine", "--course", "course-v1:MITx+*", "--verb", VERB, "--site", SITE)
    changed = lrs.json("consumer", "set", "engine", "--activity-type", f"{SITE}/quiz", "--verb", "*")
    assert changed["activity_types"] == [f"{SITE}/quiz"]
    assert changed["sites"] == [SITE]
    assert "verbs" not in changed
    assert changed["courses"] == ["course-v1:MITx+*"]
    assert "sites" in lrs.json("consumer", "set", "engine", "--course", "*")


def test_a_restriction_that_cannot_be_is_refused(lrs: Shell) -> None:
    assert "IRI" in lrs.refused("consumer", "add", "engine", "--verb", "answered")
    assert "Agent" in lrs.refused("consumer", "add", "engine", "--actor", "ann")
    assert "valid Agent" in lrs.refused("consumer", "add", "engine", "--actor", '{"name":"Ann"}')


def test_how_learners_appear_is_set_and_changed(lrs: Shell) -> None:
    added = lrs.json("consumer", "add", "engine", "--actors", "pseudonym", "--strip", "names", "--strip", "response")
    assert added["disclosure"] == {"actors": "pseudonym", "space": None, "strip": ["names", "response"]}
    assert "space    own\n" in lrs("consumer", "show", "engine").stdout
    changed = lrs.json("consumer", "set", "engine", "--space", "tools", "--strip", "nothing")
    assert changed["disclosure"] == {"actors": "pseudonym", "space": "tools", "strip": []}
    assert lrs.json("consumer", "set", "engine", "--space", "own")["disclosure"]["space"] is None
    lrs("consumer", "set", "engine", "--space", "tools")
    assert lrs.json("consumer", "set", "engine", "--actors", "none")["disclosure"]["space"] is None
    assert "space" in lrs.refused("consumer", "set", "engine", "--space", "tools")


def test_learners_appear_as_stored_unless_something_else_is_said(lrs: Shell) -> None:
    assert lrs.json("consumer", "add", "engine")["disclosure"] == {"actors": "as-stored", "space": None, "strip": []}
    assert "actors   as-stored\n" in lrs("consumer", "show", "engine").stdout
