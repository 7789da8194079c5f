# SPDX-License-Identifier: MIT
"""A command on a terminal of its own, and what that terminal shows.

It knows the few control sequences that `probes top` and `probes hist` use; any other is an
error, so that nothing passes unseen.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

SEQUENCE = re.compile(rb"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Screen:
    """Rows of characters; `alternate` tells whether the alternate screen is shown."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.alternate, self.cursor, self.overflow = False, True, False
        self.pages = 0
        self.plain = ""  # what went to the ordinary screen
        self.rest = b""
        self.clear()

    def clear(self):
        self.lines = [""] * self.rows
        self.row = 0

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = (self.lines + [""] * rows)[:rows]
        self.row = min(self.row, rows - 1)

    def feed(self, data):
        data = self.rest + data
        at = 0
        while at < len(data):
            if data[at] == 0x1b:
                match = SEQUENCE.match(data, at)
                if not match:
                    break  # the rest of it is still to come
                self.control(*match.groups())
                at = match.end()
                continue
            end = data.find(b"\x1b", at)
            end = len(data) if end < 0 else end
            self.text(data[at:end].decode(errors="replace"))
            at = end
        self.rest = data[at:]

    def control(self, private, numbers, letter):
        if private:
            shown = letter == b"h"
            if numbers == b"1049":
                self.alternate = shown
                self.clear()
            elif numbers == b"25":
                self.cursor = shown
            else:
                raise ValueError(f"unknown mode {numbers}")
        elif letter == b"H":
            self.row, self.column = 0, 0
            self.pages += 1
            self.lines[0] = ""
        elif letter == b"J":
            for row in range(self.row + 1, self.rows):
                self.lines[row] = ""
        elif letter not in (b"K", b"m"):
            raise ValueError(f"unknown sequence {numbers}{letter}")

    def text(self, text):
        if not self.alternate:
            self.plain += text
            return
        for part in re.split("\r*(\n)", text):
            if part == "\n":
                self.row += 1
                if self.row >= self.rows:
                    self.overflow, self.row = True, self.rows - 1
                self.lines[self.row] = ""
                continue
            self.lines[self.row] += part
            if len(self.lines[self.row]) > self.columns:
                self.overflow = True


class OnTerminal:
    """The running command."""

    def __init__(self, command, columns=80, rows=24):
        self.screen = Screen(columns, rows)
        self.master, slave = pty.openpty()
        self.slave = slave
        self.size(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.execvpe(command[0], command, dict(os.environ, TERM="xterm-256color"))
        self.status = None

    def size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(columns, rows)

    def read(self, seconds, until=lambda screen: False):
        """Feeds the screen until the time is over, `until` holds, or the command has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.status is None:
            if select.select([self.master], [], [], 0.05)[0]:
                self.screen.feed(os.read(self.master, 65536))
            elif until(self.screen):
                return True
            else:
                self.reap(os.WNOHANG)
        return until(self.screen)

    def reap(self, flags):
        pid, status = os.waitpid(self.pid, flags | os.WUNTRACED)
        if pid and not os.WIFSTOPPED(status):
            self.status = status
            while select.select([self.master], [], [], 0)[0]:
                self.screen.feed(os.read(self.master, 65536))
        return pid and status

    def keys(self, text):
        os.write(self.master, text)

    def signal(self, number):
        os.kill(self.pid, number)

    def restored(self):
        """What of the terminal is not as it was; empty when all is well."""
        wrong = []
        if termios.tcgetattr(self.slave) != self.before:
            wrong.append("modes")
        if self.screen.alternate:
            wrong.append("alternate screen")
        if not self.screen.cursor:
            wrong.append("cursor")
        return wrong

    def end(self, seconds=10):
        """Waits for its end; kills it when that does not come."""
        self.read(seconds)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.reap(0)
        return self.status
