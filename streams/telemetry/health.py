"""Whether an agent lives and whether it is ready. Decided from what the loop and the sampler report; reads no clock itself.

Live: the loop turns. A restore, a transaction and a wait for an assignment each turn it often enough.
Ready: an assignment is adopted, its rows are read back, it has once reached where its topics ended then, and nothing has
waited longer than the bound since. While it stops, it is not ready.
"""

from __future__ import annotations

from msgspec import Struct

#: A loop that has not turned for so long is stuck. The longest wait inside it is that for a previous owner's transaction, whose
#: timeout may be set longer: then the limit is longer, too.
SILENT_S_MAX = 120.0


class Verdict(Struct, frozen=True):
    """Yes or no, and why not, in words."""

    ok: bool
    reason: str = ""


class Health:
    """What is known. Written by the loop's thread and the sampler's, read by the server's: single assignments only.

    Attributes:
        turned_at: when the loop last turned or a restore last got on; seconds of a monotonic clock.
        restored: whether the present assignment is adopted.
        caught_up: whether every partition has reached the end that it had when it was taken over.
        waited_s: for how long the oldest unread record has waited; None before it is known.
        stopping: whether a stop was asked for.
    """

    def __init__(self, waited_s_max: float, now: float, silent_s_max: float = SILENT_S_MAX) -> None:
        """Args: the bound for `waited_s`, seconds; the monotonic clock; how long the loop may be silent."""
        self.waited_s_max, self.silent_s_max = waited_s_max, silent_s_max
        self.turned_at = now
        self.restored = self.caught_up = self.stopping = False
        self.waited_s: float | None = None

    def live(self, now: float) -> Verdict:
        """Whether a restart would be of no use."""
        silent_s = now - self.turned_at
        if silent_s > self.silent_s_max:
            return Verdict(ok=False, reason=f"the loop has not turned for {silent_s:.0f} s")
        return Verdict(ok=True)

    def ready(self, now: float) -> Verdict:
        """Whether the worker is at its work and up to date."""
        if reason := "stopping" if self.stopping else self.live(now).reason or self._behind():
            return Verdict(ok=False, reason=reason)
        return Verdict(ok=True)

    def _behind(self) -> str:
        if not self.restored:
            return "waiting for an assignment or reading rows back"
        if self.waited_s is None:
            return "how far behind it is, is not known"
        if not self.caught_up:
            return "catching up with what came before the start"
        if self.waited_s > self.waited_s_max:
            return f"{self.waited_s:.0f} s behind; the bound is {self.waited_s_max:.0f} s"
        return ""
