"""What runs on both forms of the stream."""

from __future__ import annotations

import pytest

from tests.client.forms import FORMS, Opening


@pytest.fixture(params=FORMS)
def opening(request: pytest.FixtureRequest) -> Opening:
    made: Opening = request.param
    return made
