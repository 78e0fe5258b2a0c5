"""The template keeps its promises, and each promise can tell when it does not."""

import pytest

from promises import PROMISES
from sam import template


@pytest.mark.parametrize("check", PROMISES, ids=lambda check: check.__name__)
def test_the_template_promises_that(check):
    assert list(check(template())) == []
