"""LECTURE 17: hill climbing over neighbours, on bits, tours and words, with restarts; and every wrong argument."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import gdfast as gd
from gdfast import hill_climb


def flips(bits):
    """All tuples that differ in one bit."""
    return [(*bits[:i], 1 - bits[i], *bits[i + 1 :]) for i in range(len(bits))]


def around(x):
    """The whole numbers beside x, from 0 to 50."""
    return [y for y in (x - 1, x + 1) if 0 <= y <= 50]


def trap(bits):
    """Ones are better, but all zeros are best: a deceptive problem."""
    return len(bits) + 1 if not any(bits) else sum(bits)


def wavy(x):
    """On 0..50: local minima all over, the lowest at 41."""
    return 4 * math.cos(x) + 0.02 * (x - 37) ** 2


LOWEST = min(range(51), key=wavy)


def test_lecture_17_bits_one_move_each():
    target = (1, 0, 1, 1, 0, 1)
    found = hill_climb(lambda bits: sum(a != b for a, b in zip(bits, target, strict=True)), (0,) * 6, flips)
    assert (found.w, found.value) == (target, 0.0)
    assert found.evaluations == 1 + 5 * 6  # four moves, and the neighbours of the last point
    assert found.passes is None
    assert str(found) == "The best of 31 points has the value 0."


def tour_length(tour, places):
    return sum(abs(places[a] - places[b]) for a, b in zip(tour, tour[1:] + tour[:1], strict=True))


def reversals(tour):
    """All tours with one stretch reversed."""
    for i, j in itertools.combinations(range(1, len(tour) + 1), 2):
        yield tour[:i] + tour[i:j][::-1] + tour[j:]


def test_lecture_17_a_small_travelling_salesman():
    rng = np.random.default_rng(3)
    places = (rng.random(8) + 1j * rng.random(8)).tolist()
    shortest = min(tour_length((0, *rest), places) for rest in itertools.permutations(range(1, 8)))
    found = hill_climb(lambda tour: tour_length(tour, places), tuple(range(8)), reversals, restarts=20, rng=0)
    assert found.value == pytest.approx(shortest, rel=1e-12)
    assert sorted(found.w) == list(range(8))
    assert found.value == tour_length(found.w, places)


def test_the_end_is_no_worse_than_its_neighbours():
    for x0 in range(51):
        found = hill_climb(wavy, x0, around)
        assert all(wavy(found.w) <= wavy(y) for y in around(found.w))
        assert found.value == wavy(found.w) <= wavy(x0)


def test_the_steepest_neighbour_is_taken_and_the_first_of_equal_ones():
    heights = {"start": 5, "a": 4, "b": 1, "c": 1, "d": 3}
    seen = []
    found = hill_climb(lambda x: seen.append(x) or heights[x], "start", lambda x: "abcd" if x == "start" else ())
    assert (found.w, seen) == ("b", ["start", "a", "b", "c", "d"])


def test_maximize_is_the_mirror_image():
    up = hill_climb(lambda x: -wavy(x), 0, around, maximize=True, restarts=5, rng=1)
    down = hill_climb(wavy, 0, around, restarts=5, rng=1)
    assert (up.w, up.value, up.evaluations) == (down.w, -down.value, down.evaluations)


def test_restarts_find_the_global_optimum_where_one_climb_does_not():
    assert hill_climb(wavy, 25, around).w != LOWEST
    assert hill_climb(wavy, 25, around, restarts=100, rng=0).w == LOWEST
    assert hill_climb(wavy, lambda rng: int(rng.integers(51)), around, restarts=30, rng=0).w == LOWEST


def test_a_trap_that_only_a_lucky_start_escapes():
    start = (0, 0, 1, 1, 1)
    assert hill_climb(trap, start, flips, maximize=True).w == (1, 1, 1, 1, 1)
    assert hill_climb(trap, start, flips, maximize=True, restarts=50, rng=0).w == (0, 0, 0, 0, 0)


def test_the_same_seed_gives_the_same_climbs():
    def starts(rng, **options):
        seen = []
        hill_climb(lambda x: seen.append(x) or wavy(x), 25, around, rng=rng, **options)
        return seen

    assert starts(4, restarts=6) == starts(4, restarts=6) == starts(np.random.default_rng(4), restarts=6)
    assert starts(4, restarts=6) != starts(5, restarts=6)
    few, many = starts(4, restarts=3), starts(4, restarts=6)
    assert many[: len(few)] == few


def test_a_callable_start_gets_the_generator():
    got = []

    def start(rng):
        got.append(rng)
        return 3

    rng = np.random.default_rng(0)
    hill_climb(wavy, start, around, restarts=2, rng=rng)
    assert got == [rng] * 3


def test_a_nan_is_never_better():
    def f(x):
        return math.nan if x % 3 == 1 else float(x)

    assert hill_climb(f, 1, around).w == 0
    assert hill_climb(f, 3, around).w == 2
    nothing = hill_climb(lambda x: math.nan, 3, around, restarts=2, rng=0)
    assert math.isnan(nothing.value)
    assert nothing.w == 3
    assert hill_climb(lambda x: math.nan if x == 1 else 5.0, 1, around, maximize=True).value == 5.0


def test_infinite_values():
    assert hill_climb(lambda x: math.inf if x > 2 else x, 3, around).w == 0
    assert hill_climb(lambda x: -math.inf if x == 4 else x, 5, around).value == -math.inf


def test_no_neighbours_no_move():
    found = hill_climb(wavy, 7, lambda x: [], restarts=3, rng=0)
    assert (found.w, found.evaluations) == (7, 4)


def test_a_plateau_is_an_end():
    assert hill_climb(lambda x: 1, 7, around).w == 7


def test_lists_and_arrays_may_be_changed_in_place():
    """A generator that swaps, yields and swaps back: what is kept is what was evaluated."""

    def swaps(order):
        for i, j in itertools.combinations(range(len(order)), 2):
            order[i], order[j] = order[j], order[i]
            yield order
            order[i], order[j] = order[j], order[i]

    def disorder(order):
        return sum(a > b for a, b in itertools.combinations(order, 2))

    for x0 in ([3, 1, 4, 0, 2], np.array([3, 1, 4, 0, 2])):
        before = list(x0)
        found = hill_climb(disorder, x0, swaps, restarts=3, rng=0)
        assert list(found.w) == [0, 1, 2, 3, 4]
        assert type(found.w) is type(x0)
        assert list(x0) == before


def test_objects_keep_their_identity():
    class Node:
        def __init__(self, height):
            self.height, self.beside = height, []

    nodes = [Node(height) for height in (5, 3, 4, 1)]
    for a, b in itertools.pairwise(nodes):
        a.beside.append(b)
        b.beside.append(a)
    assert hill_climb(lambda node: node.height, nodes[0], lambda node: node.beside).w is nodes[1]


def test_words():
    letters = "abcdefghijklmnopqrstuvwxyz"

    def edits(word):
        return (word[:i] + letter + word[i + 1 :] for i in range(len(word)) for letter in letters)

    found = hill_climb(lambda word: sum(map(str.__eq__, word, "climb")), "aaaaa", edits, maximize=True)
    assert (found.w, found.value) == ("climb", 5.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"f": 3}, TypeError, "f must be callable; it is int 3"),
        ({"neighbors": [1, 2]}, TypeError, r"neighbors must be callable; it is list \[1, 2\]"),
        ({"f": lambda x: "low"}, TypeError, "f must return one real number; it returned str 'low'"),
        ({"f": lambda x: None}, TypeError, "f must return one real number; it returned NoneType"),
        ({"neighbors": lambda x: 5}, TypeError, "neighbors must return an iterable of neighbours; it returned int 5"),
        ({"neighbors": lambda x: None}, TypeError, "neighbors must return an iterable.*it returned NoneType None"),
        ({"maximize": 1}, TypeError, "maximize must be True or False; it is int 1"),
        ({"restarts": -1}, ValueError, "restarts must be >= 0; it is -1"),
        ({"restarts": 2.0}, TypeError, "restarts must be an integer; it is float 2.0"),
        ({"rng": "seed"}, TypeError, "rng must be an integer, a numpy Generator or None; it is str"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        hill_climb(**{"f": wavy, "x0": 3, "neighbors": around, **arguments})


def test_errors_of_the_user_s_functions_come_through():
    def broken(x):
        yield x + 1
        raise TypeError("from inside")

    with pytest.raises(TypeError, match="from inside"):
        hill_climb(wavy, 3, broken)


def test_what_it_returns():
    assert isinstance(hill_climb(wavy, 3, around), gd.SearchResult)
