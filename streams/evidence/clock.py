"""What this machine says about its own clock: an entry's time is worth as much as the clock behind it.

Linux keeps the answer itself (`adjtimex(2)`): synchronized means that a time daemon disciplines the clock and that
its estimate of the error has not run out. Elsewhere, or where a container forbids the question: unknown.
"""

from __future__ import annotations

import ctypes
import struct
import sys

SYNCHRONIZED, UNSYNCHRONIZED, UNKNOWN = "synchronized", "unsynchronized", "unknown"

#: `struct timex` on 64-bit Linux: modes (4, padded to 8), offset, freq, maxerror, esterror, status (int). 208 bytes.
_TIMEX_BYTES = 256
_STATUS = struct.Struct("=40xi")
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_POINTER_BYTES = 8


def clock_status() -> str:
    """`synchronized`, `unsynchronized` or `unknown`."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != _POINTER_BYTES:
        return UNKNOWN
    answer = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes 0: only ask
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(answer)
    except (OSError, AttributeError):
        return UNKNOWN
    return read_timex(state, answer.raw)


def read_timex(state: int, answer: bytes) -> str:
    """The status from what `adjtimex` returned (-1: refused) and wrote."""
    if state < 0:
        return UNKNOWN
    (status,) = _STATUS.unpack_from(answer)
    return UNSYNCHRONIZED if state == _TIME_ERROR or status & _STA_UNSYNC else SYNCHRONIZED
