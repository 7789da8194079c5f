# SPDX-License-Identifier: MIT
"""What tracing does when processes come and go, for tests/trace/life.sh: life.py PROBES NESTED"""
import os
import pty
import signal
import subprocess
import sys
import time

PROBES, NESTED = sys.argv[1:]
END = "encoding_json:marshal_end"
PATIENCE = 20


def wait_until(what, test):
    end = time.monotonic() + PATIENCE
    while not test():
        if time.monotonic() > end:
            sys.exit(f"FAIL: {what}")
        time.sleep(0.02)


class Terminal:
    """probes trace with a command, in a terminal of its own."""

    def __init__(self, *command):
        self.text = b""
        self.pid, self.fd = pty.fork()
        if not self.pid:  # as in a terminal, also where the tests run in the background
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.execv(PROBES, [PROBES, "trace", NESTED, END, "--", *command])
        os.set_blocking(self.fd, False)

    def read(self):
        try:
            self.text += os.read(self.fd, 65536)
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def has(self, words):
        self.read()
        return words in self.text

    def finish(self):
        wait_until(f"the tracer does not end: {self.text}", lambda: not self.read())
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def zombie():
    traced = subprocess.Popen([NESTED, "loop"], stdout=subprocess.DEVNULL)
    with subprocess.Popen([PROBES, "trace", "-p", str(traced.pid), NESTED, END],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tracer:
        assert b"marshal_end" in tracer.stdout.readline()
        traced.kill()  # and nobody waits for it
        tracer.communicate(timeout=PATIENCE)
        assert tracer.returncode == 0, tracer.returncode
    told = subprocess.run([PROBES, "trace", str(traced.pid), END], stderr=subprocess.PIPE,
                          check=False)
    assert told.stderr == b"probes: process %d: has ended\n" % traced.pid, told.stderr
    traced.wait()
    print("ok - ends with a process that nobody has waited for")


def last_doings():
    script = f"trap '{NESTED} deep 3; exit' INT; echo ready; while :; do sleep 0.05; done"
    terminal = Terminal("sh", "-c", script)
    wait_until("the command does not start", lambda: terminal.has(b"ready"))
    os.write(terminal.fd, b"\x03")
    assert terminal.finish() == 0, terminal.text
    assert terminal.text.count(END.encode()) == 3 and b" 3 events" in terminal.text, terminal.text
    print("ok - Ctrl-C shows what the command does at its end")


def no_patience():
    terminal = Terminal("sh", "-c", "trap '' INT; echo ready; sleep 60")
    wait_until("the command does not start", lambda: terminal.has(b"ready"))
    os.write(terminal.fd, b"\x03")
    wait_until("does not say that it waits", lambda: terminal.has(b"waiting for sh"))
    os.write(terminal.fd, b"\x03")
    assert terminal.finish() == 0, terminal.text
    print("ok - Ctrl-C again does not wait for the command")


def killed():
    traced = subprocess.Popen([NESTED, "loop"], stdout=subprocess.DEVNULL)

    with subprocess.Popen([PROBES, "trace", str(traced.pid), END], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as tracer:
        assert b"marshal_end" in tracer.stdout.readline()
        tracer.kill()
    count = subprocess.run([PROBES, "trace", "-d", "300ms", str(traced.pid), END], check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    assert count.count(b"\n") > 10, count
    traced.send_signal(signal.SIGTERM)
    assert traced.wait() == -signal.SIGTERM
    print("ok - a killed tracer leaves a program that runs and can be traced again")


def hurried():
    for delay in (0.01, 0.02, 0.03, 0.045, 0.06):
        traced = subprocess.Popen([NESTED, "loop"], stdout=subprocess.PIPE)
        traced.stdout.readline()
        with subprocess.Popen([PROBES, "trace", str(traced.pid), END], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as tracer:
            time.sleep(delay)
            traced.kill()
            said = tracer.communicate(timeout=PATIENCE)[1].decode()
        traced.wait()
        wanted = (" events, 0 lost",) if tracer.returncode == 0 else (
            f"process {traced.pid} ended before it could be traced",
            f"process {traced.pid}: has ended")
        assert any(words in said for words in wanted), f"exit {tracer.returncode}: {said}"
    print("ok - a process that ends while it is being attached to")


zombie()
hurried()
last_doings()
no_patience()
killed()
