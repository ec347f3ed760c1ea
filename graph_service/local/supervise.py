"""The small process between this service and one engine: it ends the engine when the service is gone, however
it went.

Run by path in an isolated interpreter, so only the standard library may be imported here:

    python -I -S supervise.py PARENT_PID GRACE_S LOG_PATH LOCK_FD COMMAND…

It starts COMMAND, prints its process id on standard output, and then waits for the first of: COMMAND ends;
standard input closes (the parent stopped it, or died); the parent is no longer its parent; SIGTERM. In all
cases but the first it sends COMMAND a SIGTERM, and after GRACE_S seconds a SIGKILL to its whole process
group. Exits as COMMAND did.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress

PARENT_CHECK_S = 1.0
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run until the command has ended; return its exit code, 128 + n if signal n ended it."""
    parent_pid, grace_s, log_path, lock_fd = (
        int(arguments[0]),
        float(arguments[1]),
        arguments[2],
        int(arguments[3]),
    )
    # Ctrl-C in the terminal is for the parent, which then stops the engines in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    wake_fd = _wake_on(signal.SIGCHLD, signal.SIGTERM)
    with open(log_path, "ab", buffering=0) as log:
        child = subprocess.Popen(
            arguments[4:],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # The lock on the data folder is held by this open file: as long as the engine lives, nobody else
            # gets it.
            pass_fds=(lock_fd,),
            preexec_fn=_die_with_supervisor,  # noqa: PLW1509
        )
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    _wait_for_a_reason(child, parent_pid, wake_fd)
    _end(child, grace_s)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _die_with_supervisor() -> None:
    """On Linux the kernel ends the engine if even this supervisor is killed. Safe here: one thread, which
    forks.

    Elsewhere the next start on the same folder finds the engine that was left, and ends it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _wake_on(*signals: signal.Signals) -> int:
    """A file descriptor that becomes readable, with the signal's number, when one of the signals arrives."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(read_fd, False)
    os.set_blocking(write_fd, False)
    for one in signals:
        signal.signal(one, lambda *_: None)
    signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
    return read_fd


def _wait_for_a_reason(child: subprocess.Popen[bytes], parent_pid: int, wake_fd: int) -> None:
    stdin_fd = sys.stdin.fileno()
    # A process that the parent forked may keep the pipe open after the parent's death: hence the look at the
    # parent's id.
    while child.poll() is None and os.getppid() == parent_pid:
        readable, _, _ = select.select([stdin_fd, wake_fd], [], [], PARENT_CHECK_S)
        if stdin_fd in readable and not os.read(stdin_fd, 64):
            return
        if wake_fd in readable and signal.SIGTERM in os.read(wake_fd, 64):
            return


def _end(child: subprocess.Popen[bytes], grace_s: float) -> None:
    if child.poll() is None:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace_s)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
