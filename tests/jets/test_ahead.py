"""The next item is made in a thread while the present one is used, and no more than that."""

import threading
import warnings

import pytest

from part.jets.ahead import read_ahead
from part.jets.notices import gathered, say


def test_the_next_item_is_made_while_the_present_one_is_used():
    made, threads = [threading.Event() for _ in range(4)], set()

    def source():
        for number, event in enumerate(made):
            event.set()
            threads.add(threading.current_thread())
            yield number

    items = []
    for number in read_ahead(source()):
        items.append(number)
        if number < 3:
            assert made[number + 1].wait(10)  # without anything that asks for it
        assert not any(event.is_set() for event in made[number + 2 :])
    assert items == [0, 1, 2, 3]
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_an_error_comes_where_its_item_would():
    def source():
        yield 1
        raise ValueError("the second")

    items = []
    with pytest.raises(ValueError, match="the second"):
        items.extend(read_ahead(source()))
    assert items == [1]


def test_leaving_early_ends_the_thread():
    items = read_ahead(iter(range(5)))
    assert next(items) == 0
    items.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


def test_notices_of_the_thread_are_gathered_with_those_of_the_loop():
    def source():
        say("A jet has no name.")
        yield 1

    sentences = []
    with warnings.catch_warnings(), gathered(sentences.append):
        assert list(read_ahead(source())) == [1]
    assert sentences == ["A jet has no name."]
