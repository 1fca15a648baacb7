"""Becomes a program, tied to the life of the process that started it (Linux; elsewhere it only becomes the program).

Run as a program, with the starter's process id and then the command. The kernel keeps the tie through `exec`, so the
broker has the process id that the starter was given. Setting the tie here and not between fork and exec keeps Python
code out of a forked copy of a process with threads. Source: prctl(2), PR_SET_PDEATHSIG.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replaces this process by the command in its arguments."""
    starter, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:  # it died before the tie held
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
