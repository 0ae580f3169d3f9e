"""Weights files: what they record, and how damage is noticed."""

import hashlib
import json
import os
import stat

import numpy as np
import pytest
import torch

from catsight import CatsightError
from catsight.features import safe

STATE = {"b": torch.tensor([[1.0, 2.0]]), "a": torch.tensor([3, 4, 5])}


@pytest.fixture
def path(tmp_path):
    safe.write(tmp_path / "w.safetensors", STATE, {"stage": "weights", "b": 1})
    return tmp_path / "w.safetensors"


def content(tensors):
    """The digest of tensors by hand: of each one's name, number format and shape, then its bytes."""
    digest = hashlib.sha256()
    for name, kind, shape, data in tensors:
        digest.update(f'["{name}","{kind}",{shape}]'.encode() + data)
    return digest.hexdigest()


def test_a_file_records_where_it_came_from_and_what_it_holds(path):
    a, b = np.array([3, 4, 5]).tobytes(), np.array([1, 2], np.float32).tobytes()
    wanted = content([("a", "I64", "[3]", a), ("b", "F32", "[1,2]", b)])
    assert safe.about(path) == {"stage": "weights", "b": 1, "content": wanted}
    assert safe.sound(path)
    loaded = safe.load(path)
    assert set(loaded) == set(STATE)
    assert all(torch.equal(loaded[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("float64", "F64"), ("float32", "F32"), ("float16", "F16"), ("bfloat16", "BF16"), ("int64", "I64"), ("int32", "I32"),
     ("int16", "I16"), ("int8", "I8"), ("uint8", "U8"), ("bool", "BOOL"), ("uint16", "U16"), ("uint32", "U32"),
     ("uint64", "U64"), ("float8_e4m3fn", "F8_E4M3"), ("float8_e5m2", "F8_E5M2")],
)  # fmt: skip
def test_numbers_of_every_format_are_told_apart_and_read_back(tmp_path, name, kind):
    """The digest names a format as safetensors does, so that a file can be checked without torch."""
    tensor = torch.tensor([0, 1, 1]).to(getattr(torch, name))
    safe.write(tmp_path / "w.safetensors", {"x": tensor}, {})
    data = tensor.view(torch.uint8).numpy().tobytes()
    assert safe.about(tmp_path / "w.safetensors")["content"] == content([("x", kind, "[3]", data)])
    assert safe.sound(tmp_path / "w.safetensors")
    assert torch.equal(safe.load(tmp_path / "w.safetensors")["x"], tensor)


def test_the_digest_is_of_names_shapes_formats_and_values_alone(tmp_path):
    states = [
        {"a": torch.zeros(2, 3)}, {"b": torch.zeros(2, 3)}, {"a": torch.zeros(3, 2)}, {"a": torch.ones(2, 3)},
        {"a": torch.zeros(2, 3, dtype=torch.int32)}, {"a": torch.zeros(2, 3), "b": torch.zeros(1)}, {},
    ]  # fmt: skip
    digests = []
    for state in states:
        safe.write(tmp_path / "w.safetensors", state, {"x": len(digests)})
        digests.append(safe.about(tmp_path / "w.safetensors")["content"])
        assert safe.sound(tmp_path / "w.safetensors")
    assert len(set(digests)) == len(states)
    # another order, another layout in memory, a parameter in place of a tensor
    turned = torch.nn.Parameter(torch.arange(6.0).reshape(3, 2).T)
    plain = torch.arange(6.0).reshape(3, 2).T.contiguous()
    for state in ({"a": turned, "b": plain}, {"b": plain, "a": plain}):
        safe.write(tmp_path / "w.safetensors", state, {})
        digests.append(safe.about(tmp_path / "w.safetensors")["content"])
    assert digests[-1] == digests[-2]


def test_tensors_that_share_memory_are_written_apart(tmp_path):
    shared = torch.arange(6.0)
    state = {
        "a": shared,
        "b": shared,
        "c": shared[1:3],
        "d": shared[4:],
        "e": shared.reshape(2, 3).T,
    }
    safe.write(tmp_path / "w.safetensors", state, {})
    loaded = safe.load(tmp_path / "w.safetensors")
    assert set(loaded) == set(state)
    assert all(torch.equal(loaded[name], state[name]) for name in state)


@pytest.mark.parametrize("kind", ["complex64", "complex128"])
@pytest.mark.parametrize("native", [True, False])
def test_complex_numbers_are_read_back(tmp_path, monkeypatch, kind, native):
    """Also with versions of safetensors that have no format for them, and of conjugates."""
    from safetensors import torch as safetensors

    if not native:
        monkeypatch.setattr(safetensors, "_TYPES", {**safetensors._TYPES})
        safetensors._TYPES.pop("C64", None)
    path, dtype = tmp_path / "w.safetensors", getattr(torch, kind)
    turned = torch.polar(torch.ones(3), torch.arange(3.0)).to(dtype)
    scalar = torch.tensor(1 + 2j, dtype=dtype)
    state = {"a": turned, "b": torch.conj(turned), "c": scalar, "real": torch.ones(2, 2)}
    safe.write(path, state, {"x": 1})
    assert safe.sound(path) and set(safe.about(path)) == {"x", "content"}
    loaded = safe.load(path)
    assert {name: t.dtype for name, t in loaded.items()} == {n: t.dtype for n, t in state.items()}
    for name, tensor in state.items():
        assert torch.equal(
            torch.view_as_real(loaded[name].resolve_conj())
            if tensor.is_complex()
            else loaded[name],
            torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor,
        )


def test_numbers_that_safetensors_cannot_hold_are_named(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    monkeypatch.delitem(safe._FORMATS, "torch.int8")
    with pytest.raises(CatsightError) as raised:
        safe.write(path, {"x": torch.ones(3, dtype=torch.int8), "y": torch.ones(3)}, {})
    said = f"{path}: safetensors cannot hold numbers of the type torch.int8"
    assert str(raised.value) == said and not path.exists()


def test_tensors_that_are_the_same_as_others_come_back(tmp_path):
    """safetensors' own save_model leaves them out and notes them in the metadata."""
    from safetensors.torch import save_model

    model = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(3)))
    model[2].weight = model[0].weight
    save_model(model, tmp_path / "w.safetensors")
    loaded = safe.load(tmp_path / "w.safetensors")
    assert set(loaded) == set(model.state_dict())
    assert torch.equal(loaded["2.weight"], model[0].weight)
    assert not torch.equal(loaded["2.weight"], model[1].weight)


@pytest.mark.parametrize("place", [-1, -24, -30, 200])
def test_a_damaged_byte_is_noticed(path, place):
    """In the tensors, or in the metadata."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert not safe.sound(path)


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:100], lambda data: b"", lambda data: b"\0" * 8,
        lambda data: (2**40).to_bytes(8, "little") + data[8:], lambda data: b"\1" + bytes(7) + b"x",
    ],
)  # fmt: skip
def test_a_cut_or_longer_file_is_not_sound(path, harm):
    path.write_bytes(harm(path.read_bytes()))
    assert not safe.sound(path)


def with_header(path, change):
    """The file with another header, as another program might write it."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = change(json.loads(data[8 : 8 + length]))
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])


def renamed(header):
    header["c"] = header.pop("b")
    return header


def swapped(header):
    header["a"]["data_offsets"], header["b"]["data_offsets"] = (
        header["b"]["data_offsets"],
        header["a"]["data_offsets"],
    )
    return header


def huge(header):
    header["a"]["data_offsets"] = [0, 2**70]
    return header


@pytest.mark.parametrize("change", [renamed, swapped, huge, lambda header: {**header, "d": 3}])
def test_a_header_that_was_changed_is_not_sound(path, change):
    with_header(path, change)
    assert not safe.sound(path)


def test_metadata_are_those_that_were_written(path):
    with_header(path, lambda header: {key: header[key] for key in ("a", "b")})
    with pytest.raises(CatsightError) as raised:
        safe.about(path)
    assert str(raised.value) == (
        f"{path} does not say where it came from; `catsight features weights` makes one that does"
    )
    assert not safe.sound(path)
    safe.write(path, STATE, {"stage": "weights"})

    def other(header):
        about = header["__metadata__"]
        return header | {"__metadata__": about | {"catsight": about["catsight"].replace("w", "W")}}

    with_header(path, other)
    with pytest.raises(CatsightError) as raised:
        safe.about(path)
    assert str(raised.value) == (
        f"{path} is damaged: its metadata has changed; delete it and run again"
    )


@pytest.mark.parametrize("read", [safe.about, safe.check, safe.load])
def test_what_is_no_weights_file_is_named(tmp_path, read):
    path = tmp_path / "w.safetensors"
    with pytest.raises(CatsightError) as raised:
        read(path)
    assert str(raised.value) == f"{path} is missing"
    path.mkdir()
    with pytest.raises(CatsightError) as raised:
        read(path)
    assert str(raised.value) == f"{path} cannot be read: Is a directory"
    path.rmdir()
    header = json.dumps([1]).encode()
    listed = len(header).to_bytes(8, "little") + header
    text = json.dumps({"__metadata__": 3}).encode()
    for data in (
        b"",
        b"PK\5",
        b"\x80\0",
        listed,
        len(text).to_bytes(8, "little") + text,
        b"[" * 100_000,
    ):
        path.write_bytes(data)
        with pytest.raises(CatsightError) as raised:
            read(path)
        assert str(raised.value) == f"{path} is not a safetensors file"


@pytest.mark.parametrize("read", [safe.about, safe.check, safe.load])
@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_is_named_with_the_command_that_converts_it(tmp_path, read, new):
    """Of both formats that torch has written."""
    path = tmp_path / "my weights.pth"
    torch.save({"a": torch.ones(1)}, path, _use_new_zipfile_serialization=new)
    with pytest.raises(CatsightError) as raised:
        read(path)
    assert str(raised.value) == (
        f"{path} is not a safetensors file. Pickles (.pt, .pth, .bin) can run code and are not read; "
        f"`catsight features convert '{path}' -o '{tmp_path}/my weights.safetensors' --encoder NAME` "
        "makes a safetensors file of one"
    )


@pytest.mark.parametrize(("size", "fits"), [(100_000_000, True), (100_000_001, False)])
def test_a_header_is_read_up_to_a_hundred_megabytes(tmp_path, monkeypatch, size, fits):
    """The length stands in the file's first eight bytes; the header itself is not written here."""
    path = tmp_path / "w.safetensors"
    path.write_bytes(size.to_bytes(8, "little") + b'{"__metadata__": {}}')
    said = "does not say where it came from" if fits else "is not a safetensors file"
    with pytest.raises(CatsightError, match=said):
        safe.about(path)


@pytest.mark.parametrize("text", [b"{}", b"{} "])
def test_an_empty_header_is_a_header(tmp_path, text):
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(CatsightError, match="does not say where it came from"):
        safe.about(path)
    assert safe.load(path) == {}


def test_an_incomplete_file_is_named_before_it_is_loaded(path):
    path.write_bytes(path.read_bytes()[:-1])
    for read in (safe.check, safe.load):
        with pytest.raises(
            CatsightError, match=r"w\.safetensors is damaged \(.+\); delete it and run again"
        ):
            read(path)


def test_a_file_is_written_whole_or_not_at_all(path, monkeypatch):
    """And reaches the disk before it gets its name."""
    steps, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (steps.append("sync"), sync(file)))
    monkeypatch.setattr(os, "replace", lambda a, b: (steps.append("replace"), replace(a, b)))
    safe.write(path, STATE, {})
    assert steps == ["sync", "replace"]
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(CatsightError) as raised:
        safe.write(path, {"x": torch.ones(3)}, {})
    assert str(raised.value) == (
        f"{path} cannot be written: no space left on device. Nothing else is lost; make room and run again"
    )
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]
    from safetensors import SafetensorError
    from safetensors import torch as safetensors

    def fail(*arguments, **more):
        raise SafetensorError("I/O error")

    monkeypatch.setattr(safetensors, "save_file", fail)
    with pytest.raises(CatsightError) as raised:
        safe.write(path, STATE, {})
    assert str(raised.value) == f"{path} cannot be written (I/O error); make room and run again"
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_others_may_read_it_if_they_may_read_new_files(tmp_path):
    """safetensors writes for the owner alone."""
    before = os.umask(0o022)
    try:
        safe.write(tmp_path / "w.safetensors", {"a": torch.zeros(2)}, {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "w.safetensors").stat().st_mode) == 0o644
