# SPDX-License-Identifier: MIT
"""`probes top` and `probes hist --heatmap` on a terminal: what it shows, and how it is left."""
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pty_run import OnTerminal  # noqa: E402

PROBES = os.environ["PROBES"]
TOP = [PROBES, "top", "-i", "200ms", "./load"]
HEAT = [PROBES, "hist", "-i", "200ms", "--heatmap", "./load", "net_http:server_request"]


def check(holds, *what):
    if not holds:
        print("not ok -", *what)
        sys.exit(1)


def has(text):
    return lambda screen: any(text in line for line in screen.lines)


def ended(terminal, name, want):
    """Exit code, or minus the signal; the terminal must be as it was."""
    status = os.waitstatus_to_exitcode(terminal.end())
    check(status == want, f"{name}: ended with {status}, not {want}:", terminal.screen.plain)
    check(not terminal.restored(), f"{name}: not restored:", terminal.restored())
    check(not terminal.screen.overflow, f"{name}: does not fit:", terminal.screen.lines)


def shown(command, text, columns=80, rows=24):
    terminal = OnTerminal(command, columns, rows)
    check(terminal.read(10, has(text)), f"no {text} on the screen:", terminal.screen.lines,
          terminal.screen.plain)
    check(terminal.restored() == ["modes", "alternate screen", "cursor"],
          "it should have the terminal for itself:", terminal.restored())
    return terminal


def all_of_top():
    terminal = shown(TOP, "net_http:server_request")
    check(has("TOTAL")(terminal.screen) and has(" more")(terminal.screen), terminal.screen.lines)
    check("by rate" in terminal.screen.lines[0], terminal.screen.lines[0])
    terminal.keys(b"s")
    check(terminal.read(3, has("by p99")), "s does not sort")
    terminal.size(50, 10)
    terminal.screen.overflow = False  # of the page before
    pages = terminal.screen.pages
    check(terminal.read(3, lambda screen: screen.pages > pages + 1), "it stands still")
    check(not any(terminal.screen.lines[10:]), terminal.screen.lines)
    terminal.keys(b"\x1a")
    terminal.read(0.4)
    check(not terminal.restored(), "stopped, but not restored:", terminal.restored())
    pages = terminal.screen.pages
    terminal.signal(signal.SIGCONT)
    check(terminal.read(3, lambda screen: screen.alternate and screen.pages > pages + 1),
          "it does not go on")
    terminal.keys(b"q")
    ended(terminal, "q", 0)
    check("  GET /slow" in terminal.screen.plain, "no last table:",
          terminal.screen.plain)


def ends(command, text):
    for name, end in (("Ctrl-C", b"\x03"), ("Ctrl-\\", b"\x1c")):
        terminal = shown(command, text)
        terminal.keys(end)
        ended(terminal, name, 0 if name == "Ctrl-C" else -signal.SIGQUIT)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV):
        terminal = shown(command, text)
        terminal.signal(number)
        ended(terminal, number.name, 0 if number == signal.SIGTERM else -number)


def errors():
    for wrong in (["-b", "metod"], ["-f", "status>"]):
        terminal = OnTerminal(TOP + ["net_http:server_request"] + wrong)
        ended(terminal, wrong, 2)
        check(terminal.screen.pages == 0 and "probes: " in terminal.screen.plain,
              f"{wrong}: no plain message:", terminal.screen.plain)


def main():
    load = subprocess.Popen(["./load", "-mode", "http,sql,dns", "-together", "-rate", "200",
                             "-seconds", "60"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    load.stdin.write(b"go\n")
    load.stdin.flush()
    try:
        all_of_top()
        print("ok - top fits its terminal, sorts, stops and goes on")
        ends(TOP, "net_http:server_request")
        print("ok - whatever ends top, the terminal is as it was")
        terminal = shown(HEAT, "a column is 200ms")
        terminal.keys(b"q")
        ended(terminal, "the heat map", 0)
        check("a column is" in terminal.screen.plain, terminal.screen.plain)
        print("ok - a heat map that grows")
        errors()
        print("ok - messages before anything is drawn")
    finally:
        load.kill()
        load.wait()


main()
