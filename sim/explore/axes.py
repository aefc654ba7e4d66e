"""The axes of the design space, and their values from the command line."""

from dataclasses import dataclass

from sim.work import RequestError

KIB = 1024


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One size that is swept.

    Parameters
    ----------
    name: as in a flag and in a point's name
    values: what is swept unless told otherwise
    known: what a range may stand for; None: powers of two
    meaning: for the help
    """

    name: str
    values: tuple[int, ...]
    known: tuple[int, ...] | None = None
    meaning: str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    def parse(self, text: str) -> tuple[int, ...]:
        """Values of ``8,16`` or ``8..32``, in rising order. Raises `RequestError`."""
        values: set[int] = set()
        for part in text.split(","):
            first, dots, last = part.partition("..")
            low = self._number(first, text)
            high = self._number(last, text) if dots else low
            if high < low:
                raise RequestError(f"{self.flag} {text}: the range {part} is empty; {high}..{low} is meant?")
            values |= set(self._between(low, high)) if dots else {low}
        if not values:
            raise RequestError(f"{self.flag} {text}: no size of this kind lies in that range")
        return tuple(sorted(values))

    def _between(self, low: int, high: int) -> list[int]:
        known = self.known if self.known is not None else tuple(1 << bits for bits in range(high.bit_length()))
        return [value for value in known if low <= value <= high]

    def _number(self, part: str, text: str) -> int:
        if not part.strip().isdecimal() or int(part) < 1:
            raise RequestError(f"{self.flag} {text}: {part!r} is not a positive whole number; give e.g."
                               f" {','.join(map(str, self.values))} or {self.values[0]}..{self.values[-1]}")
        return int(part)


_OCTETS, _HALVES = tuple(range(8, 65, 8)), tuple(range(4, 65, 4))
_GROUPED = tuple(sorted(groups << power for groups in (8, 10, 12) for power in range(1, 9)))

AXES: dict[str, Axis] = {axis.name: axis for axis in (
    Axis(name="rows", values=(8, 16), known=_OCTETS, meaning="input channels of the systolic array"),
    Axis(name="cols", values=(4, 8, 16), known=_HALVES, meaning="output channels of the systolic array"),
    Axis(name="pixels", values=(1, 2, 4), meaning="pixel lanes of the systolic array"),
    Axis(name="dw_channels", values=(1, 2, 4, 8), meaning="channels of the depthwise datapath, 9 lanes each"),
    Axis(name="requantise_lanes", values=(1, 2, 4, 8, 16), meaning="elements a cycle out of the accumulators"),
    Axis(name="weight_rows", values=(1, 2), meaning="rows of a weight tile the array takes a cycle"),
    Axis(name="activation_kib", values=(64, 96, 128, 192, 256, 320, 512), known=_GROUPED,
         meaning="activation memory, KiB"),
    Axis(name="weight_kib", values=(16, 32, 64, 128), meaning="weight memory of the pointwise datapath, KiB"),
    Axis(name="bus_bits", values=(32, 64, 128), meaning="width of the DRAM port"),
)}
"""By name, in the order in which points are numbered."""
