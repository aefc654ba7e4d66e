"""What a unit may spend a cycle on: the keys of the stall account, in hardware as in the model."""

from collections.abc import Mapping

from hw.commands import UNITS

KEYS = ("busy", "fill_drain", "data", "weights", "space", "bus", "idle")
"""A cycle of a unit has the first that holds:

- busy: the unit issues a vector or a window, or moves a beat
- fill_drain: a command of a datapath is under way, which fills, drains, or waits for its own weight tile
- data, weights, space: the oldest command in the unit's queue waits for data, for weights, or for a place to be free;
  `fetch`: the queue it has a command for is full
- bus: a transfer is under way, and no beat of it moves; `fetch`: commands are still to be delivered
- idle: nothing of that

A command is under way from the cycle after its start to the one before its tokens are set. A beat moves in the cycle
it reaches its unit, `latency.READ_BEAT` after it was on the bus, or leaves `store`. The account begins in the cycle
after the start (in the cycle of the start all units are idle) and ends with the cycle before the interrupt.
"""

WAITS = ("data", "weights", "space")
"""Keys of the command that is to start next. A cycle of these belongs to its layer; one of the others to the layer of
the command whose turn it is: from the cycle after its start, or after its predecessor's last vector, window or beat if
that is later, to its own last. `fetch` works for all layers alike, and its cycles belong to none of them."""

COUNTED: Mapping[str, tuple[str, ...]] = {
    "fetch": ("busy", "space", "bus"),
    **{unit: ("busy", "fill_drain", *WAITS) if unit in ("depthwise", "pointwise") else ("busy", *WAITS, "bus")
       for unit in UNITS},
}
"""Keys that are counted, by unit. `idle` is the rest."""

COUNTERS = tuple((unit, key) for unit, keys in COUNTED.items() for key in keys)
"""All counters, in the order of their registers."""
