"""Turning a row of items, for reads that begin in any bank."""

from amaranth.hdl import Array, Cat


def rotate_left(value, by, width: int, count: int):
    """`count` items of `width` bits, item 0 moved to place `by`."""
    if count == 1:
        return value
    return Array(Cat(value.word_select((place - shift) % count, width) for place in range(count))
                 for shift in range(count))[by]


def rotate_right(value, by, width: int, count: int):
    """`count` items of `width` bits, the item at place `by` moved to 0."""
    if count == 1:
        return value
    return Array(Cat(value.word_select((place + shift) % count, width) for place in range(count))
                 for shift in range(count))[by]
