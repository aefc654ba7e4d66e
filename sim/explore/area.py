"""The area of an engine without synthesis: a fit to engines that were synthesised."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.config import EngineConfig
from hw.fpga.resources import Resources
from sim.explore import least_squares
from sim.explore.blocks import MEMORY_SHAPES, lut_multipliers, memory_blocks, multiplier_blocks
from sim.explore.parts import PARTS
from sim.explore.sources import gateware_hash
from sim.work import RequestError

DATA = Path(__file__).parent / "data"

FITTED = ("lut", "ff")
COUNTED = ("dsp", "bram")

FEWEST = 2
"""Samples a fit, and its error, can be made of."""

Coefficients = dict[tuple[str, str], NDArray[np.float64]]
"""Of the terms of a part, by resource and part."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An engine that was synthesised.

    Parameters
    ----------
    config: the engine; parts: what each of `PARTS` takes
    gateware: hash of the sources it was made from
    """

    config: EngineConfig
    parts: dict[str, Resources]
    gateware: str

    @property
    def area(self) -> Resources:
        """Of all parts."""
        return sum(self.parts.values(), Resources())


@dataclass(frozen=True, kw_only=True)
class AreaModel:
    """Area of engines on devices of one family.

    Parameters
    ----------
    family: as Yosys calls it; tools: versions of what made the samples
    samples: what it is fitted to
    lut_multiplier: a multiplier made of lookup tables, synthesised by itself
    """

    family: str
    tools: dict[str, str]
    samples: tuple[Sample, ...]
    lut_multiplier: Resources

    def estimate(self, config: EngineConfig) -> Resources:
        """LUTs and registers by the fit, part by part; multipliers and memory blocks by count."""
        return self._estimate(self.coefficients, config)

    @cached_property
    def coefficients(self) -> Coefficients:
        """What each term takes."""
        return self._fit(self.samples)

    @property
    def is_old(self) -> bool:
        """Whether a sample was made from other gateware than there is now."""
        return any(sample.gateware != gateware_hash() for sample in self.samples)

    @cached_property
    def errors(self) -> dict[str, dict[str, float]]:
        """Of each kind of resource, mean and largest |relative error|, each sample estimated without itself."""
        found: dict[str, list[float]] = {what: [] for what in (*FITTED, *COUNTED)}
        for index, sample in enumerate(self.samples):
            others = self._fit(self.samples[:index] + self.samples[index + 1:])
            estimate = self._estimate(others, sample.config)
            for what, errors in found.items():
                true = getattr(sample.area, what)
                errors.append(abs(getattr(estimate, what) - true) / true)
        return {what: {"mean": sum(errors) / len(errors), "largest": max(errors)} for what, errors in found.items()}

    def _fit(self, samples: Sequence[Sample]) -> Coefficients:
        result: Coefficients = {}
        for part, terms in PARTS.items():
            matrix = np.array([terms(sample.config) for sample in samples], np.float64)
            for what in FITTED:
                # What matters is the error of the whole: a part is weighed by its share of it.
                whole = np.array([getattr(sample.area, what) for sample in samples], np.float64)
                wanted = np.array([getattr(sample.parts[part], what) - self._multipliers(sample.config, part, what)
                                   for sample in samples], np.float64)
                result[what, part] = least_squares.fit(matrix / whole[:, None], wanted / whole)
        return result

    def _estimate(self, coefficients: Coefficients, config: EngineConfig) -> Resources:
        sums: dict[str, float] = dict.fromkeys(FITTED, 0.0)
        for (what, part), values in coefficients.items():
            sums[what] += float(np.array(PARTS[part](config), np.float64) @ values)
            sums[what] += self._multipliers(config, part, what)
        return Resources(lut=round(sums["lut"]), ff=round(sums["ff"]), dsp=multiplier_blocks(config),
                         bram=memory_blocks(config, self.family))

    def _multipliers(self, config: EngineConfig, part: str, what: str) -> int:
        """What the multipliers of lookup tables of a part take."""
        return lut_multipliers(config).get(part, 0) * getattr(self.lut_multiplier, what)


def load_area_model(family: str, directory: Path = DATA) -> AreaModel:
    """The model of a family, from the data shipped. Raises `RequestError` if there are none."""
    if family not in MEMORY_SHAPES:
        raise RequestError(f"the area of engines is not known for devices of the family {family}, only for"
                           f" {', '.join(MEMORY_SHAPES)}; sepconv fpga synthesises single engines")
    path = directory / f"{family}.json"
    known = sorted(other.stem for other in directory.glob("*.json"))
    if not path.is_file():
        raise RequestError(f"no area data for the family {family} (there are: {', '.join(known) or 'none'}): make them"
                           " with --fit, about half an hour of synthesis")
    try:
        return area_model_from(json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path}: not area data: {error}; make them anew with --fit") from None


def area_model_from(data: dict[str, Any]) -> AreaModel:
    """The model of what a data file holds. Raises `ValueError`, `KeyError` or `TypeError` if it is none."""
    samples = tuple(
        Sample(config=EngineConfig(**row["config"]), gateware=row["gateware"],
               parts={part: Resources(**row["parts"].get(part, {})) for part in PARTS})
        for row in data["samples"])
    if len(samples) < FEWEST:
        raise ValueError(f"{len(samples)} samples, at least {FEWEST} are needed")
    return AreaModel(family=data["family"], tools=data["tools"], samples=samples,
                     lut_multiplier=Resources(**data["lut_multiplier"]))
