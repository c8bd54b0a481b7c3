"""What a person sees: the live table of a deploy that waits, on a terminal of a certain size."""

from __future__ import annotations

import functools
import signal
import time

import pexpect
import pyte

from tests.cluster.harness import Instance, node
from tests.cluster.resources import deployment


class Terminal:
    """A process on a terminal of our own, and the screen that its output makes."""

    def __init__(self, instance: Instance, *arguments: str, lines: int = 12, columns: int = 70) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        self._child = pexpect.spawn(
            "git-wild",
            list(arguments),
            cwd=str(instance.root),
            dimensions=(lines, columns),
            encoding="utf-8",
            # A shell starts what runs in its background deaf to ^C; on this terminal we are in front.
            preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    def rows(self) -> list[str]:
        """Return the lines of the screen that have text."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def read_until(self, text: str, timeout_s: float = 30) -> None:
        """Take output until the screen shows a text."""
        deadline = time.monotonic() + timeout_s
        while not any(text in row for row in self.rows()):
            assert time.monotonic() < deadline, f"no {text!r} on the screen:\n" + "\n".join(self.rows())
            self._take()

    def read_to_end(self, timeout_s: float = 60) -> int:
        """Take all output and return the exit code."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self._take():
            pass
        self._child.close()
        return int(self._child.exitstatus or 0)

    def interrupt(self) -> None:
        """Press ^C."""
        self._child.sendintr()

    def _take(self) -> bool:
        try:
            self._stream.feed(self._child.read_nonblocking(4096, timeout=0.3))
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True


def test_table_follows_each_workload_in_its_own_row_to_the_end(instance: Instance) -> None:
    instance.app("live", deployment("one") + deployment("two"))
    terminal = Terminal(instance, "deploy", "--wait", "--timeout", "60", "live")
    terminal.read_until("deployment/two  0 of 1")
    waiting = [row for row in terminal.rows() if "0 of 1" in row]
    with node(instance.plane):
        code = terminal.read_to_end()
    assert code == 0
    assert len(waiting) == 2
    assert [row.split("  ")[0] for row in terminal.rows() if "1 of 1 available" in row] == [
        "live deployment/one",
        "live deployment/two",
    ]
    assert not any("0 of 1" in row for row in terminal.rows())
    assert "deployed" in terminal.rows()[-1]


def test_table_keeps_within_a_small_screen_and_interrupting_it_leaves_the_deploy_to_go_on(
    instance: Instance,
) -> None:
    instance.app("small", "".join(deployment(f"web-{n}") for n in range(9)))
    terminal = Terminal(instance, "deploy", "--wait", "small", lines=8, columns=40)
    terminal.read_until("web-8  0 of 1")
    assert all(len(row) <= 40 for row in terminal.rows())
    assert len([row for row in terminal.rows() if "deployment/web-8" in row]) == 1
    terminal.interrupt()
    assert terminal.read_to_end() == 130
    assert len(instance.list("deployments", "small")) == 9
