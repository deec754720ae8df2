from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lrs.limits import Limits
from tests.authorisation.making import Maker
from tests.authorisation.matrix import Matrix
from tests.door.client import serving

SEED = int(os.environ["SEED"])
STATEMENTS = 220


@pytest.fixture(scope="package", params=[SEED], ids=lambda seed: f"SEED={seed}")
def matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """One world for all tests of the folder; ``SEED=… pytest …`` makes it again."""
    with serving(tmp_path_factory.mktemp("data"), limits=Limits(described_from_max=10_000)) as server:
        made = Matrix(server, request.param)
        for stated in Maker(request.param, STATEMENTS).all():
            made.store(stated)
        yield made
