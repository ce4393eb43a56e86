import json
import re
from dataclasses import replace

import pytest

from part.errors import PartError
from part.figures.view import View


def test_a_view_survives_a_dictionary():
    view = View("display", "bias", layer=3, head=5, order="subjet", query=7, edges=12, zoom=(0.1, 0.2, 0.3))
    assert View.from_dict(view.to_dict()) == View.from_dict(json.loads(json.dumps(view.to_dict()))) == view
    assert len({view, replace(view), View()}) == 2  # hashable by content


def test_people_count_from_one():
    assert View(layer=3, head=5).title == "Layer 4, head 6"


def test_only_differences_and_scores_have_signs():
    assert [View(quantity=q).signed for q in ("pattern", "value_norms")] == [False, False]
    assert all(View(quantity=q).signed for q in ("scores_qk", "bias", "logits"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("figure", "pie"),
        ("quantity", "entropy"),
        ("scale", "sqrt"),
        ("order", "mass"),
        ("layer", -1),
        ("head", 1.0),
        ("query", -2),
        ("query", True),
        ("edges", 0),
        ("layer", None),
        ("zoom", (0.0, 0.0)),
        ("zoom", (0.0, 0.0, 0.0)),
        ("zoom", (0.0, float("inf"), 1.0)),
        ("zoom", ("a", 0.0, 1.0)),
    ],
)
def test_a_wrong_value_is_refused_by_name(field, value):
    with pytest.raises(PartError, match=re.escape(f"The view's {field} is {value!r}; expected")):
        View(**{field: value})


def test_an_unknown_key_is_refused():
    with pytest.raises(PartError, match="no palette"):
        View.from_dict({"palette": "magma"})
