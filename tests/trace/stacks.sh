#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# The stacks that probes stacks adds up are those of a program with known call paths, in each
# format, also when it is stripped and position-independent, gone, or in a container.
. "$ROOT/tests/lib.sh"
need_bpf
need go python3 cc unshare pgrep

profile() { # profile KIND FILE: the stacks of a file
	python3 "$ROOT/tests/trace/profiles.py" "$@"
}

stacks() { # stacks ARG...: messages go to $TEST_TMP/err
	"$PROBES" stacks "$@" 2>err || { cat err >&2; die "exit $?: probes stacks $*"; }
}

same() { # same WHAT EXPECTED FILE
	diff "$2" "$3" >differs || { cat differs >&2; die "$1"; }
	ok "$1"
}

paths=$ROOT/tests/fixtures/paths
below='main.readOne;os.Open;os.OpenFile;os.openFileNolog'
deep='main.deep;main.deep;main.deep;main.deep;main.deep'
folded_files() { # folded_files TIMES: what os:open_start has of so many runs
	echo "runtime.main;main.main;main.files;main.config;$below $(($1 * 3))"
	echo "runtime.main;main.main;main.files;$deep;$below $(($1 * 2))"
}
inject() { "$PROBES" inject -p 'os:open_*' -p sync:mutex_wait_start -p sync:mutex_wait_end \
	-p runtime:goroutine_park -p runtime:goroutine_unpark -p runtime:goroutine_create \
	-p runtime:alloc_sample -p runtime:malloc_large "$@" 2>injected; }

build_go app "$paths"
inject app
folded_files 1 >files

stacks ./app os:open_start -o out.folded -- ./app quick
same 'folded' files out.folded
stacks ./app os:open_start -o out.html -- ./app quick
profile flame out.html >flame
same 'flame graph' files flame
if command -v node >/dev/null; then
	node "$ROOT/tests/trace/flame.js" out.html >used 2>&1 || { cat used; die 'using the page'; }
	ok 'flame graph: drawn, zoomed, searched'
fi
browser=$(command -v chromium chromium-browser google-chrome | head -1) || true
if [ -n "$browser" ]; then
	"$browser" --headless --no-sandbox --disable-gpu --dump-dom "file://$PWD/out.html" \
		>dom 2>browser.err || die "$(cat browser.err)"
	grep -q '<rect .*<text [^>]*>main.config<' dom || die 'no frames are drawn'
	ok 'flame graph: drawn by a browser'
fi

# pprof: numbers, inlined calls and lines; a deep call is counted once in what it accumulates.
stacks ./app 'os:open_*' --value duration -o out.pb.gz -- ./app quick
profile pprof out.pb.gz | awk '{ n[$3] += $1; if ($2 <= 0) exit 1 }
	END { for (stack in n) print stack, n[stack] }' | sort >raw
sed 's,main.go:.*,,' files | sort >want
sed 's, /[^;]*,,g' raw >plain
same 'pprof: stacks and counts' want plain
go tool pprof -top -cum -sample_index=events out.pb.gz >top
expect_match top '^ +0 +0% .* 3 60\.00%  main\.config \(inline\)$' \
	'^ +5 +100% .* 5 +100%  os\.openFileNolog$' '^ .* 2 40\.00%  main\.deep$' '^File: app$'
line=$(grep -n 'readOne()$' "$paths/main.go" | head -1 | cut -d: -f1)
go tool pprof -traces -lines -sample_index=events out.pb.gz >traces
expect_match traces "main\.config $paths/main\.go:$line \(inline\)"
ok 'pprof: go tool pprof -top and -traces'

# Presets: counts are exact, times are at least what was slept.
stacks ./app --locks --format folded -- ./app >locks
awk '$1 ~ /^main.waiter;main.locked;sync.\(\*Mutex\).Lock(;|$)/ { ok += $2 >= 70e6 && $2 < 10e9 }
	END { exit !(ok == 1 && NR == 1) }' locks || die "waits for the mutex: $(cat locks)"
stacks ./app --locks -- ./app >text
expect_match text '^waits for locks: [0-9.]+ms in 4 events, 1 stack$' \
	'^100\.0%  [0-9.]+ms  4 events$'
stacks ./app --blocking -o waits.pb.gz -- ./app
profile pprof waits.pb.gz | grep 'main.nap' >nap
awk '$1 != 5 || $2 < 50e6 || $2 > 10e9 { exit 1 }' nap || { cat nap; die 'naps'; }
go tool pprof -tags waits.pb.gz >tags
expect_match tags '^ +reason: Total ' ' sleep$' ' sync.Mutex.Lock$'
stacks ./app --creators --format folded -- ./app >creators
expect_line creators 'runtime.main;main.main;main.spawn;main.task 6'
expect_match creators '^runtime\.main;main\.main;main\.main\.(gowrap1|func[0-9]+) 4$'
stacks ./app --large-allocations --format folded -- ./app >large
echo 'runtime.main;main.main;main.buffers 458752' | diff - large || die 'large allocations'
stacks ./app --allocations --rate 1 -f 'size==65536' --format folded -- ./app >samples
diff large samples || die 'allocation samples'
# A sample of 64 KiB stands for 1 / (1 - exp(-1/8)) = 8.51 objects at the usual rate.
stacks ./app --allocations -f 'size==65536' --format folded -- ./app >scaled
echo "runtime.main;main.main;main.buffers $(python3 -c \
	'import math; print(round(7 * 65536 / (1 - math.exp(-1 / 8))))')" | diff - scaled ||
	die 'allocation samples, scaled'
ok 'presets'

# A stack of more frames than are recorded says so; 64 of them, and those inlined there.
stacks ./app os:open_start --format folded -- ./app deep >deepest
expect_match deepest '^\[deeper\];(main\.deep;){58,62}main\.readOne;.*os\.openFileNolog 1$'
ok 'a stack that is too deep'

# --by: labels, here roots; what no event has is an error, as is a value that is no number.
stacks ./app os:open_start --by name --by probe -r 1 -- ./app quick >text
expect_match text '^os:open_start: 5 events, 3 stacks; the first 1, -r 0 for all$' \
	'^ 60\.0%  3  name: "?/dev/null"?  probe: os:open_start$'
expect_exit 3 "$PROBES" stacks ./app os:open_start --by colour -- ./app quick
expect_exit 3 "$PROBES" stacks ./app os:open_start --value colour -- ./app quick
expect_exit 2 "$PROBES" stacks ./app
expect_exit 2 "$PROBES" stacks ./app --locks os:open_start
expect_exit 2 "$PROBES" stacks ./app --locks -o out.svg
[ ! -e out.svg ] || die 'a file is left behind'
ok 'options'

# probes trace prints the same stacks below each event.
"$PROBES" trace --stack ./app os:open_start -- ./app quick >trace.text 2>err || die "$(cat err)"
expect_match trace.text "^    main\\.config +$paths/main\\.go:$line$"
[ "$(grep -c '^    main\.main  ' trace.text)" = 5 ] || die 'not five stacks'
"$PROBES" trace --stack --json ./app os:open_start -- ./app quick >trace.json 2>err
python3 - >trace.folded <<'END'
import collections, json
stacks = collections.Counter()
for line in open("trace.json"):
    stacks[";".join(frame["func"] for frame in reversed(json.loads(line)["stack"]))] += 1
print("\n".join(f"{stack} {n}" for stack, n in sorted(stacks.items())))
END
diff files trace.folded || die 'stacks as JSON'
ok 'probes trace --stack'

# Processes that end before their events are read; stripped, position-independent, Go 1.18 too.
run_many() { for _ in 1 2 3 4 5 6; do ./pie quick; done; }
while read -r version go; do
	CGO_ENABLED=0 build_go pie "$paths" "$go" -buildmode=pie -ldflags='-s -w'
	inject pie
	rm -f err # of the run before
	"$PROBES" stacks ./pie os:open_start -d 60s -o gone.folded 2>err &
	tracer=$!
	wait_for 60 grep -qs 'attached' err || die "$(cat err)"
	run_many
	kill -INT $tracer
	wait $tracer || die "$(cat err)"
	folded_files 6 | sort >want
	sort gone.folded | diff want - || die "$version: processes that are gone"
	ok "$version: stripped PIE, six processes that are gone"
done < <(GO_VERSIONS='go1.18.10 go1.27.3' "$ROOT/tests/toolchains.sh")

# A program in a container, whose file has another name or none outside.
mkdir inside
mkfifo line
# shellcheck disable=SC2016
unshare -m -p --fork sh -c 'mount -t tmpfs none inside && cp pie inside/hidden &&
	exec inside/hidden wait' <line >container.log 2>&1 &
exec 3>line
wait_for 60 grep -qs ready container.log || die "$(cat container.log)"
[ ! -e inside/hidden ] || die 'it can be seen from outside'
pid=$(pgrep -f '^inside/hidden wait$')
"$PROBES" stacks "$pid" os:open_start -o container.folded 2>err &
tracer=$!
wait_for 60 grep -qs 'attached' err || die "$(cat err)"
echo >&3
wait $tracer || die "$(cat err)"
sort container.folded | diff <(folded_files 1 | sort) - || die 'in a container'
ok 'a program in a container'

# A library of C and its user, which still runs when its maps are read: symbols and lines, or
# where there are none, file and offset.
cat >lib.c <<'END'
#include <sys/sdt.h>
void each(int n, void (*fn)(int)) { while (n--) { DTRACE_PROBE1(demo, turn, n); fn(n); } }
END
cat >main.c <<'END'
#include <unistd.h>
void each(int n, void (*fn)(int));
static void leaf(int n) { __asm__ volatile("" : : "r"(n)); }
__attribute__((noinline)) void work(int n) { each(n, leaf); __asm__ volatile(""); }
int main(void) { work(3); work(4); return usleep(800000); }
END
frames='-O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls'
# shellcheck disable=SC2086
cc $frames -g -shared -fPIC -o libeach.so lib.c
# shellcheck disable=SC2086
cc $frames -g -o caller main.c -L. -leach -Wl,-rpath,"$PWD"
stacks ./libeach.so demo:turn --format folded -- ./caller >c.folded
grep -qE '(^|;)main;work;each 7$' c.folded || { cat c.folded; die 'C'; }
stacks ./libeach.so demo:turn -- ./caller >text
expect_match text '^ +each +.*lib\.c:2$' '^ +work +.*main\.c:4$' '^ +main +.*main\.c:5$'
strip caller
stacks ./libeach.so demo:turn --format folded -- ./caller >c.folded
grep -qE 'caller\+0x[0-9a-f]+;each 3$' c.folded || { cat c.folded; die 'stripped C'; }
ok 'C, with symbols and without'
