import pytest

from lrs.xapi.courses import course_key, is_course, named_courses, organisation

COURSE = "course-v1:edX+DemoX+Demo_Course"


@pytest.mark.parametrize(
    "iri",
    [
        COURSE,
        f"http://localhost:18000/course/{COURSE}",
        f"https://lms.example.com/courses/{COURSE}/jump_to/block",
        f"https://lms.example.com/courses/{COURSE}?activate_block_id=x#top",
        "http://localhost/xblock/block-v1:edX+DemoX+Demo_Course+type@problem+block@a0effb954cca",
        "http://localhost/courses/course-v1%3AedX%2BDemoX%2BDemo_Course/about",
        "http://localhost/course/course-v1:edX%2BDemoX%2BDemo_Course",
    ],
)
def test_a_course_is_known_by_its_key_wherever_it_stands(iri: str) -> None:
    assert course_key(iri) == COURSE


@pytest.mark.parametrize(
    "iri",
    [
        "ccx-v1:edX+DemoX+Demo_Course+ccx@1",
        "http://localhost/course/ccx-v1:edX+DemoX+Demo_Course+ccx@1",
        "http://localhost/xblock/ccx-block-v1:edX+DemoX+Demo_Course+ccx@1+type@video+block@b",
    ],
)
def test_a_custom_course_is_another_course_than_the_one_it_is_made_from(iri: str) -> None:
    assert course_key(iri) == "ccx-v1:edX+DemoX+Demo_Course+ccx@1"


@pytest.mark.parametrize(
    "iri", ["http://example.com/course/botany", "library-v1:Org+Lib", "course-v1:OnlyOrg", "100%", "ccx-v1:a+b+c", ""]
)
def test_what_holds_no_course_key_names_no_course(iri: str) -> None:
    assert course_key(iri) is None


def test_the_activity_typed_as_a_course_decides_over_keys_in_other_iris() -> None:
    link = {"id": "http://lms/courses/course-v1:Other+X+1/jump_to/y"}
    course = {"id": f"http://lms/course/{COURSE}", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
    assert named_courses([link, course]) == {COURSE}


def test_without_a_typed_activity_every_key_in_an_iri_counts() -> None:
    links = [{"id": "http://lms/courses/course-v1:Other+X+1/a"}, {"id": f"http://lms/xblock/{COURSE}"}, {"id": "x:y"}]
    assert named_courses(links) == {"course-v1:Other+X+1", COURSE}


def test_a_course_of_another_platform_is_known_by_its_iri() -> None:
    course = {"id": "http://moodle/course/7", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
    assert named_courses([course]) == {"http://moodle/course/7"}


def test_a_custom_course_belongs_to_the_same_organisation_as_its_course() -> None:
    assert organisation(COURSE) == organisation("ccx-v1:edX+DemoX+Demo_Course+ccx@1") == "course-v1:edX"


def test_a_course_known_by_an_iri_belongs_to_no_organisation() -> None:
    assert organisation("http://moodle/course/7+8") is None


@pytest.mark.parametrize(
    ("iri", "found"),
    [
        (COURSE, True),
        (f"http://localhost/course/{COURSE}", True),
        ("http://localhost/courses/ccx-v1:edX+DemoX+Demo_Course+ccx@1", True),
        (f"http://localhost/courses/{COURSE}/about", False),
        ("http://localhost/xblock/block-v1:edX+DemoX+Demo_Course+type@problem+block@a", False),
        ("http://localhost/course/course-v1:edX%2BDemoX%2BDemo_Course", False),
        ("http://example.com/course/botany", False),
        ("course-v1:OnlyOrg", False),
    ],
)
def test_the_iri_of_a_course_ends_with_its_key(iri: str, found: bool) -> None:
    assert is_course(iri) is found
