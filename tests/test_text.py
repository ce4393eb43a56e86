"""Numbers in sentences and tables."""

import pytest

from part.text import significant, with_spread


@pytest.mark.parametrize(
    ("value", "text"),
    [(131.7, "130"), (10.8, "11"), (0.0523, "0.052"), (99.6, "100"), (0.996, "1.0"), (9.96, "10"), (1234, "1200"),
     (1.0, "1.0"), (0, "0"), (-3.14159, "-3.1"), (float("nan"), "–"), (float("inf"), "∞")],
)  # fmt: skip
def test_two_digits_without_a_power_of_ten(value, text):
    assert significant(value) == text


def test_a_spread_is_in_brackets_where_there_is_one():
    assert with_spread(10.8, (9.96, 13.2)) == "11 [10, 13]"
    assert with_spread(10.8, (float("nan"), float("nan"))) == "11"
