# SPDX-License-Identifier: MIT
"""What the bcc tools of bpf-scripts/ share: arguments, attaching by provider:name, following
the ring or printing tables at intervals, and saying what was lost.

A tool hands over C text for each probe. In it, arguments have the numbers of docs/probes.md:

    WHO(who, KIND);   declares struct who: goroutine (argument 0), process, KIND
    READ(var, 3);     var = argument 3
    TEXT(e->name, 1); copies the string of arguments 1 and 2; e->name_len is its full length
    KEEP(open);       keeps struct open of goroutine `who` in `opens` until its end
    OPENED(open);     at the end: the kept one; returns, and counts, when there is none
    EVENT(slow, e);   struct slow *e, an event of the ring that is over now; goes to `done`, and
                      counts, when there is no room
"""
import argparse
import ctypes
import os
import re
import signal
import sys
import time

try:
    from bcc import BPF, USDT
except ImportError:
    sys.exit(f"{os.path.basename(sys.argv[0])}: needs bcc for Python "
             "(Debian, Ubuntu: python3-bpfcc; Fedora: python3-bcc)")

# What stands for these in C.
PHRASES = {
    "KEEP": "if (opens.update(&who, &\\1)) tally(NO_ROOM);",
    "OPENED": "struct open *\\1 = opens.lookup(&who); "
              "if (!\\1) { tally(UNMATCHED); return 0; } tally(SEEN);",
    "EVENT": "struct \\1 *\\2 = events.ringbuf_reserve(sizeof(struct \\1)); "
             "if (!\\2) { tally(LOST); goto done; } \\2->time = now; \\2->goid = who.goid; "
             "\\2->pid = who.pid; \\2->kind = who.kind; \\2->duration = now - open->start;",
}

UNREAD = 0xFFFFFFFF  # length of a text whose page was not in memory
COUNTERS = ("lost", "unmatched", "no room", "seen")

PRELUDE = r"""
#include <uapi/linux/ptrace.h>

#define LOST 0
#define UNMATCHED 1
#define NO_ROOM 2
#define SEEN 3

struct who {
	u64 goid;
	u32 pid;
	u32 kind;
};

BPF_ARRAY(counters, u64, 4);

static __always_inline void tally(int which)
{
	counters.atomic_increment(which);
}

static __always_inline u32 process_id(void)
{
	struct bpf_pidns_info ids = {};

	if (bpf_get_ns_current_pid_tgid(NS_DEV, NS_INO, &ids, sizeof(ids)))
		return bpf_get_current_pid_tgid() >> 32;
	return ids.tgid;
}

static __always_inline u32 copy_text(char *to, u32 size, u64 from, u64 len)
{
	u64 take = len > size ? size : len;

	if (bpf_probe_read_user(to, take, (void *)from))
		return 0xffffffff;
	return len;
}
"""

# The reader looks ten times a second by itself (BPF_RB_NO_WAKEUP): waking it costs more than
# an event. 16 MB hold what comes meanwhile.
RING = "BPF_RINGBUF_OUTPUT(events, 4096);\n"

# An LRU table: an end can be missing (a panic), and no goroutine id comes back to delete it.
OPEN_TABLE = 'BPF_TABLE("lru_hash", struct who, struct open, opens, 16384);\n'


class Failure(Exception):
    """What ends the tool with one line on stderr."""


def number(text):
    """An argparse type: a number of 0 and above."""
    value = float(text)
    if not 0 <= value < 1e12:
        raise argparse.ArgumentTypeError(f"{text} is not a number of 0 and above")
    return value


def interval_type(text):
    """An argparse type: seconds between reports."""
    value = number(text)
    if value < 0.1:
        raise argparse.ArgumentTypeError("an interval is at least 0.1 s")
    return value


# Options that several tools have.
INTERVAL = (("-i",), {"dest": "interval", "type": interval_type, "default": 1,
                      "metavar": "SECONDS", "help": "print every so often (default 1)"})
ROWS = (("-n",), {"dest": "rows", "type": int, "metavar": "ROWS", "help": "only the first rows"})


def shown(data, length):
    """Bytes of the program for people: nothing in it steers a terminal."""
    if length == UNREAD:
        return "?"
    text = bytes(data[:min(length, len(data))]).decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return text + ("..." if length > len(data) else "")


def field(value, name):
    """A text of an event or key as people read it."""
    return shown(raw(value, name), getattr(value, name + "_len"))


def raw(value, name):
    """All bytes of an array within a ctypes struct, also behind a NUL."""
    place = getattr(type(value), name)
    return ctypes.string_at(ctypes.addressof(value) + place.offset, place.size)


class Tool:
    """One run of a tool: made from its documentation, then probes are added, then run."""

    def __init__(self, documentation, options=()):
        """`documentation` is the tool's doc string; options are (names, keywords) as
        argparse.add_argument takes them."""
        first, rest = documentation.split("\n", 1)
        self.name = first.split(" - ")[0]
        parser = argparse.ArgumentParser(
            prog=self.name, description=first, epilog=rest.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter)
        for names, keywords in options:
            parser.add_argument(*names, **keywords)
        parser.add_argument("-p", dest="pid", type=int, metavar="PID",
                            help="this process only; FILE is then not needed")
        parser.add_argument("-d", dest="duration", type=number, metavar="SECONDS",
                            help="end by itself after so long")
        parser.add_argument("file", nargs="?", metavar="FILE", help="program with probes")
        self.options = parser.parse_args()
        if self.options.file is None and self.options.pid is None:
            parser.error("neither FILE nor -p PID")
        self.target = self.options.file or f"process {self.options.pid}"
        self.probes = []  # (provider:name, C text, whether the tool can do without)
        self.ended = False
        self.bpf = None
        self.clock = time.time() - time.monotonic()

    def probe(self, probe, text, optional=False):
        """Has C text run at each hit of provider:name."""
        self.probes.append((probe, text, optional))

    def run(self, text, watching, columns=None, **how):
        """Attaches and follows until it is to end; ends the process. `columns` is the line
        above what `how`, see follow(), prints."""
        try:
            self.attach(text)
            print(f"{watching} of {self.target}. Ctrl-C ends.", file=sys.stderr, flush=True)
            if columns:
                print(columns, flush=True)
            self.follow(**how)
            sys.stdout.flush()
            self.summary("event" in how)
        except Failure as failure:
            sys.exit(f"{self.name}: {failure}")
        except BrokenPipeError:
            sys.stdout = None
        self.leave()

    def notes(self):
        """The probes of the target, by bcc's reader."""
        if os.geteuid() != 0:
            raise Failure("not permitted: run as root")
        pid, path = self.options.pid, self.options.file
        if pid is not None and not os.path.exists(f"/proc/{pid}"):
            raise Failure(f"there is no process {pid}")
        if path is not None and not os.access(path, os.R_OK):
            raise Failure(f"{path}: cannot be read")
        release = f"/lib/modules/{os.uname().release}"
        if not (os.path.isdir(release + "/build") or "BCC_KERNEL_SOURCE" in os.environ or
                os.path.exists("/sys/kernel/kheaders.tar.xz")):
            raise Failure(f"bcc needs kernel headers: {release}/build is not there (install "
                          "linux-headers, or set BCC_KERNEL_SOURCE to a tree of them)")
        if path is None:
            return USDT(pid=pid)
        path = os.path.abspath(path)  # bcc looks for names without a slash along $PATH
        return USDT(path=path) if pid is None else USDT(path=path, pid=pid)

    def attach(self, text):
        """Writes the program out and has bcc compile, load and attach it."""
        usdt = self.notes()
        have = {probe.provider.decode() + ":" + probe.name.decode()
                for probe in usdt.enumerate_probes()}
        namespace = os.stat("/proc/self/ns/pid")
        device = os.major(namespace.st_dev) << 20 | os.minor(namespace.st_dev)
        program = [PRELUDE.replace("NS_DEV", str(device))
                   .replace("NS_INO", str(namespace.st_ino)), text]
        for number_, (probe, body, optional) in enumerate(self.probes):
            if probe not in have:
                if optional:
                    continue
                provider = probe.split(":")[0]
                raise Failure(f"{self.target} has no probe {probe}; inject it (probes inject -p "
                              f"'{provider}:*' FILE) and start the program anew")
            function = f"hit_{number_}"
            usdt.enable_probe(probe, function)
            program.append(f"int {function}(struct pt_regs *ctx)\n{{\n"
                           f"{self.expand(usdt, probe, body)}\n\treturn 0;\n}}\n")
        self.attached = [probe for probe, _, _ in self.probes if probe in have]
        if not self.attached:
            raise Failure(f"{self.target} has none of the probes that this tool needs")
        self.catch_signals()
        try:
            self.bpf = BPF(text="\n".join(program), usdt_contexts=[usdt], cflags=["-w"])
        except Exception as error:  # bcc raises plain ones; it has printed the reason
            raise Failure(f"bcc: {str(error).splitlines()[0]}") from error

    @staticmethod
    def expand(usdt, probe, body):
        """Puts C in the place of WHO, READ, TEXT and the others. bcc wants the exact type of
        each argument."""
        def read(target, index):
            ctype = usdt.get_probe_arg_ctype(probe, int(index))
            return (f"{{ {ctype} arg_ = 0; bpf_usdt_readarg({int(index) + 1}, ctx, &arg_); "
                    f"{target} = arg_; }}")

        def text(match):
            target, index = match[1], int(match[2])
            return (f"{{ u64 from_ = 0, len_ = 0; {read('from_', index)} "
                    f"{read('len_', index + 1)} {target}_len = "
                    f"copy_text({target}, sizeof({target}), from_, len_); }}")

        for phrase, meaning in PHRASES.items():
            body = re.sub(rf"\b{phrase}\((\w+)(?:, (\w+))?\);", meaning, body)
        body = re.sub(r"\bWHO\((\w+), (\w+)\);", lambda m: (
            f"struct who {m[1]} = {{ .pid = process_id(), .kind = {m[2]} }}; "
            f"READ({m[1]}.goid, 0);"), body)
        body = re.sub(r"\bTEXT\(([\w.>-]+), (\d+)\);", text, body)
        return re.sub(r"\bREAD\(([\w.>-]+), (\d+)\);", lambda m: read(m[1], m[2]), body)

    def catch_signals(self):
        """Ctrl-C and TERM end the following, not the process."""
        def end(_number, _frame):
            self.ended = True

        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGTERM, end)

    def alive(self):
        """Whether it is to go on."""
        if self.ended:
            return False
        if self.options.pid is not None and not os.path.exists(f"/proc/{self.options.pid}"):
            print(f"process {self.options.pid} has ended", file=sys.stderr)
            return False
        return True

    def follow(self, event=None, report=None, interval=None):
        """Hands each event to `event`; calls `report` every `interval` seconds and at the
        end."""
        begin = now = time.monotonic()
        following = now + (interval or 0)
        if event:
            self.bpf["events"].open_ring_buffer(
                lambda _ctx, data, _size: event(self.bpf["events"].event(data)))
        while self.alive() and not (self.options.duration and
                                    now - begin >= self.options.duration):
            if event:
                self.bpf.ring_buffer_poll(100)
                self.bpf.ring_buffer_consume()
            else:
                time.sleep(0.1 if not interval else max(0.01, min(0.1, following - now)))
            now = time.monotonic()
            if report and interval and now >= following:
                report()
                following += interval
            sys.stdout.flush()
        if event:
            self.bpf.ring_buffer_consume()
        if report:
            report()

    def counter(self, name):
        """One of the counters that programs keep by tally()."""
        return self.bpf["counters"][ctypes.c_int(COUNTERS.index(name))].value

    def summary(self, events):
        """What a reader must know to trust the output."""
        said = f"{self.counter('seen')} seen"
        if events:
            said += f", {self.counter('lost')} lost"
        if self.counter("unmatched"):
            said += f", {self.counter('unmatched')} had begun before"
        if self.counter("no room"):
            said += f", {self.counter('no room')} left out: a table was full"
        print(said, file=sys.stderr, flush=True)

    @staticmethod
    def leave():
        """Ends the process. Detaching waits for every processor, 0.1 s a site; a child that
        shares the file descriptors takes that upon itself, and ends after this process."""
        reader, _writer = os.pipe()
        if os.fork() == 0:
            os.setsid()
            os.close(_writer)
            for number_ in range(3):
                os.close(number_)
            os.read(reader, 1)
        os._exit(0)

    def head(self, event):
        """Time, process and goroutine of an event, as most lines begin."""
        when = self.clock + event.time / 1e9
        stamp = time.strftime("%H:%M:%S", time.localtime(when))
        return f"{stamp}.{int(when * 1000) % 1000:03d}  {event.pid:<7d} {event.goid:<8d}"


HEAD = "TIME          PID     GOID    "


class Cumulative:
    """A table of u64 in the kernel that only grows; step() gives what came since the last."""

    def __init__(self, table):
        self.table = table
        self.before = [0] * len(table)

    def step(self):
        """The differences since the last step, without a moment in which any is lost."""
        after = [slot.value for slot in self.table.values()]
        steps = [a - b for a, b in zip(after, self.before)]
        self.before = after
        return steps


# A histogram with eight slots for each power of two: 12 % exact. 64 powers, us or ns.
FINE_SLOT = r"""
static __always_inline u32 fine_slot(u64 value)
{
	u32 power;

	if (value < 8)
		return value;
	power = bpf_log2l(value) - 1; /* of 8 to 15: 3 */
	return power * 8 - 16 + ((value >> (power - 3)) & 7);
}
"""
FINE_SLOTS = 512


def fine_value(slot):
    """The middle of a slot of fine_slot()."""
    if slot < 8:
        return slot
    power, part = divmod(slot + 16, 8)
    return ((8 + part) << power >> 3) + ((1 << power >> 3) // 2)


def quantile(slots, part):
    """The value below which `part` (0 to 1) of the counted ones lie."""
    left = part * sum(slots)
    for slot, n in enumerate(slots):
        left -= n
        if n and left <= 0:
            return fine_value(slot)
    return 0
