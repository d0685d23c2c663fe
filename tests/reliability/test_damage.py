"""Damaged and malformed files: never wrong, never a crash, the file named, no more memory than the file justifies."""

from __future__ import annotations

import random

import pytest

import gdfast as gd
from damage import cut, flipped
from reliability.fuzz import arrays
from reliability.malformed import FILES

FLIPS, CUTS = 2000, 500
OWN = ("model", "checkpoint", "landscape")


def refusal_of(kind, path):
    """The sentence with which it is refused; None: it is what was written."""
    try:
        arrays.require_unchanged(kind, path)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.slow
@pytest.mark.parametrize("kind", OWN)
def test_a_damaged_file_of_our_own_is_what_it_was_or_refused(kind, tmp_path, amount, record_property):
    path = tmp_path / "t.npz"
    path.write_bytes(arrays.file_of(kind))
    size, rng = path.stat().st_size, random.Random(kind)
    places = [rng.randrange(size) for _ in range(amount(FLIPS // 10, FLIPS))]
    places += [0, size - 1, *range(size - 22, size)]  # the end of the archive's directory
    read = refused = 0

    def judge(what):
        nonlocal read, refused
        said = refusal_of(kind, path)
        assert said is None or "t.npz" in said, what
        read += said is None
        refused += said is not None

    for place in flipped(path, ((place, 1 << rng.randrange(8)) for place in places)):
        judge(f"flip at {place}")
    sizes = sorted({0, 1, size - 1, *rng.sample(range(size), amount(CUTS // 10, CUTS))})
    for length in cut(path, sizes):
        judge(f"cut to {length}")
    assert refused > len(sizes)
    assert read + refused == len(places) + len(sizes)
    record_property("figure", f"damage, {kind}: {len(places):,} flips, {len(sizes):,} cuts, {read:,} read unchanged")


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_malformed_files_are_refused_or_read_rightly(kind, child, amount, record_property):
    one_in = amount(8, 1)
    cases = child.require_no_faults("malformed", f"{kind}/{one_in}")
    assert cases >= 100 // one_in
    record_property("figure", f"malformed files, {kind}: {cases} through every loader, 0 faults")


def test_damage_is_named(tmp_path):
    path = tmp_path / "t.npz"
    path.write_bytes(arrays.file_of("landscape")[:-1])
    with pytest.raises(ValueError, match=r"t\.npz"):
        gd.landscape.load(path)
