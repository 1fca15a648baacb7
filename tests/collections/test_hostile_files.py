"""Whatever is in a policy file, or in an event that activates one: it is taken as a whole or refused in words."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from streams.cli_policy import shipped
from streams.collections.packs import PolicyError, load_pack
from streams.collections.plans import load_plan

_PACKS, _PLANS = sorted(shipped("packs").values()), sorted(shipped("plans").values())
_VALUES = ("-1", "0", "999999999999999999999", "1e400", "nan", "true", '""', "[]", "{}", "9999-12-31", '"\\u0000"')


@st.composite
def broken(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """A shipped file with a value replaced, a line lost or doubled, or bytes changed."""
    lines = draw(st.sampled_from(originals)).split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                name = lines[number].partition(b"=")[0]
                lines[number] = name + b"= " + draw(st.sampled_from(_VALUES)).encode()
            case 1:
                lines.insert(number, lines[number])
            case 2:
                lines[number] = b""
            case _:
                lines[number] += draw(st.binary(max_size=20))
    return b"\n".join(lines)


def refusal(load: Callable[[bytes, str], object], text: bytes) -> str:
    """What a person is told; `taken` if nothing."""
    try:
        load(text, "mine.toml")
    except PolicyError as refused:
        return str(refused)
    return "taken"


@given(st.one_of(st.binary(max_size=300), broken(_PACKS)))
@example(b"a=" + b"[" * 5_000)
def test_a_pack(text: bytes) -> None:
    """One error of its own kind, which names the file."""
    assert refusal(load_pack, text).startswith(("mine.toml: ", "taken"))


@given(st.one_of(st.binary(max_size=300), broken(_PLANS)))
@example(b"a=" + b"{a=" * 5_000)
def test_a_plan(text: bytes) -> None:
    """As a pack."""
    assert refusal(load_plan, text).startswith(("mine.toml: ", "taken"))
