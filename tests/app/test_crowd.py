"""Work ahead of a step is left out among many visitors."""

from app.services import crowd


def test_many_tabs_with_a_step_just_before_are_a_crowd(monkeypatch):
    monkeypatch.setattr(crowd, "_last_steps", {})
    assert not any(crowd.note_step(tab, 100.0) for tab in ("a", "b", "c", "c", "a"))
    assert crowd.note_step("d", 100.0 + crowd.SECONDS)
    assert not crowd.note_step("e", 100.1 + crowd.SECONDS)  # a, b and c stepped too long ago
