"""The area model: the fit, what is counted, and how its error is measured."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from hw.config import PRESETS, EngineConfig, load_config
from hw.fpga.resources import Resources
from hw.fpga.synthesis import Area
from sim.explore import least_squares
from sim.explore.area import DATA, load_area_model
from sim.explore.blocks import lut_multipliers, memory_blocks, multiplier_blocks
from sim.explore.fit import fit_area, lut_multiplier, sample_configs
from sim.explore.parts import PARTS, by_part
from sim.work import RequestError
from tests.sim.explore.made_up import LUT_MULTIPLIER, TARGET, area_model, true_area, true_parts


def test_the_fit_finds_what_each_part_takes() -> None:
    model = area_model()
    for text in ("pe64", "pe128,multiplier=ecp5,dsp_multipliers=100", "pe1024", "odd"):
        expected, found = true_area(load_config(text)), model.estimate(load_config(text))
        for what in ("lut", "ff"):
            assert getattr(found, what) == pytest.approx(getattr(expected, what), rel=0.002)
        assert (found.dsp, found.bram) == (expected.dsp, expected.bram)


def test_errors_are_of_samples_left_out() -> None:
    exact = area_model()
    assert exact.errors["lut"]["largest"] < 0.002
    assert exact.errors["dsp"] == exact.errors["bram"] == {"mean": 0.0, "largest": 0.0}
    first, *others = exact.samples
    rest = first.parts[""] + Resources(lut=first.area.lut, dsp=1 - first.area.dsp)
    spoilt = dataclasses.replace(exact, samples=(dataclasses.replace(first, parts={**first.parts, "": rest}), *others))
    # Estimated without itself, the sample that is twice as large is half right, whatever a fit with it would say.
    assert spoilt.errors["lut"]["largest"] == pytest.approx(0.5, abs=0.002)
    assert spoilt.errors["dsp"]["largest"] == multiplier_blocks(first.config) - 1


def test_parts_are_found_by_their_paths() -> None:
    one = Resources(lut=1)
    found = by_part({"engine.pointwise.array": one, "engine.pointwise.drain.requantise.numerics_1": one,
                     "engine.pointwise.drain": one, "engine.pointwise.drained": one, "engine.pointwise_weight": one,
                     "engine.depthwise": one, "control": one})
    assert {part for part, amount in found.items() if amount == one} == {
        "pointwise.array", "pointwise.drain.requantise", "pointwise.drain", "pointwise", "depthwise"}
    assert found[""] == one + one
    assert list(found) == list(PARTS)


def test_no_part_takes_less_than_nothing() -> None:
    random = np.random.default_rng(3)
    matrix = np.column_stack([random.random((30, 3)), np.ones(30)])
    wanted = matrix @ [2.0, -2.0, 1.0, 5.0] + 0.01 * random.random(30)
    found = least_squares.fit(matrix, wanted)
    assert found[1] == 0.0
    assert found[[0, 2, 3]].min() > 0.5

    def error(values: np.ndarray) -> float:
        return float(((matrix @ values - wanted) ** 2).sum())

    for step in random.normal(scale=0.01, size=(200, 4)):
        assert error(found) <= error(np.maximum(found + step, 0)) + 1e-12


def test_samples_tell_the_terms_apart() -> None:
    for part, terms in PARTS.items():
        matrix = np.array([terms(config) for config in sample_configs("ecp5")], np.float64)
        assert np.linalg.matrix_rank(matrix / matrix.max(axis=0)) == matrix.shape[1], part


def test_multipliers_left_to_lookup_tables() -> None:
    portable = PRESETS["pe64"]
    plenty = dataclasses.replace(portable, multiplier="ecp5")
    assert set(lut_multipliers(portable).values()) == set(lut_multipliers(plenty).values()) == {0}
    assert multiplier_blocks(plenty) == multiplier_blocks(portable)
    few = dataclasses.replace(plenty, dsp_multipliers=30)
    assert multiplier_blocks(few) == 30
    # The requantisers come first, then the array: none are left for the depthwise lanes.
    requantisers = 4 * (portable.requantise_lanes + 1)
    assert lut_multipliers(few) == {"pointwise.array": 64 - (30 - requantisers), "depthwise.lanes": 9}


def test_a_multiplier_of_lookup_tables_takes_what_the_data_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    found = lut_multiplier(TARGET)
    assert found == load_area_model("ecp5").lut_multiplier
    assert found.dsp == found.bram == 0


def test_memory_blocks_hold_their_bits() -> None:
    for config in PRESETS.values():
        blocks = memory_blocks(config, "ecp5")
        assert blocks * 18 * 1024 >= 8 * config.memory_bytes
    # 8 groups of 2048 rows × 64 bits, 8 blocks each; 40 and 4 KiB; 16 halves of columns; a beat each of 64 and 67 bits.
    assert memory_blocks(EngineConfig(
        pe_pixels=1, dw_channels=1, activation_bytes=128 * 1024, activation_groups=8, weight_bytes=40 * 1024,
        dw_weight_bytes=4 * 1024), "ecp5") == 8 * 8 + 20 + 2 + 16 + 2 + 2


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_data_that_are_shipped(path: Path) -> None:
    model = load_area_model(path.stem)
    assert len({sample.gateware for sample in model.samples}) == 1
    for sample in model.samples:
        assert (multiplier_blocks(sample.config), memory_blocks(sample.config, path.stem)) == (
            sample.area.dsp, sample.area.bram), sample.config.name


def test_data_that_are_not_there_or_spoilt(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no area data for the family ecp5 \(there are: none\): make them with"):
        load_area_model("ecp5", tmp_path)
    (tmp_path / "ecp5.json").write_text('{"family": "ecp5"')
    with pytest.raises(RequestError, match=r"ecp5.json: not area data"):
        load_area_model("ecp5", tmp_path)
    (tmp_path / "ecp5.json").write_text(
        '{"family": "ecp5", "tools": {}, "samples": [{"config": {"pe_rows": 7}, "gateware": "0"}]}')
    with pytest.raises(RequestError, match=r"not area data: pe_rows=7"):
        load_area_model("ecp5", tmp_path)
    (tmp_path / "ecp5.json").write_text('{"family": "ecp5", "tools": {}, "samples": []}')
    with pytest.raises(RequestError, match=r"not area data: 0 samples, at least 2 are needed"):
        load_area_model("ecp5", tmp_path)


def test_a_fit_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, configs, made = tmp_path / "ecp5.json", list(sample_configs("ecp5"))[:4], []

    def synthesis(config: EngineConfig) -> Area:
        made.append(config)
        if len(made) == 3:
            raise KeyboardInterrupt
        parts = {f"engine.{part}" if part else "control": amount for part, amount in true_parts(config).items()}
        return Area(total=true_area(config), blocks=parts)

    monkeypatch.setattr("hw.fpga.tools.version", lambda package: "1.0")
    with pytest.raises(KeyboardInterrupt):
        fit_area("ecp5", configs, synthesis, LUT_MULTIPLIER, path)
    assert not list(tmp_path.iterdir())
    fitted = fit_area("ecp5", configs, synthesis, LUT_MULTIPLIER, path)
    assert made[3:] == configs
    for model in (fitted, load_area_model("ecp5", tmp_path)):
        assert [sample.config for sample in model.samples] == configs
        assert [sample.parts for sample in model.samples] == [true_parts(config) for config in configs]
        assert not model.is_old
    monkeypatch.setattr("sim.explore.area.gateware_hash", lambda: "other")
    assert fitted.is_old
    with pytest.raises(RequestError, match=r"--fit: .*: No such file or directory"):
        fit_area("ecp5", configs, synthesis, LUT_MULTIPLIER, tmp_path / "nowhere" / "ecp5.json")


def test_a_family_whose_memories_are_not_known() -> None:
    with pytest.raises(RequestError, match="not known for devices of the family ice40, only for ecp5"):
        load_area_model("ice40")
