#!/bin/bash
# SPDX-License-Identifier: MIT
# slow: builds a compiler
# In-place sites: no byte of the code changes, but where a probe needs a trampoline; what cannot
# be is refused; verify finds a site that is none; strip, inject and GNU strip work.
. "$ROOT/tests/inline/inline.bash"
need readelf objcopy strip python3
DEFS=(-d "$ROOT/tests/inline/sited.yaml")
PLAIN=(-p 'sited:[!f]*' -p 'sited:frame*' -p 'sited:*_end') # all but those of Fetch's entry

tactics() { # tactics FILE [PATTERN]: "probe tactic", a line for each site
	"$PROBES" list -l "$@" | awk -F'\t' '{print $1, $3}' | sort
}

code_of() { objcopy -O binary --only-section=.text "$1" "$1.text"; }

loads_of() { readelf -lW "$1" | grep ' LOAD'; }

build_sited app "$ROOT/tests/fixtures/sited"
code_of app
./app >app.out

"$PROBES" inject "${DEFS[@]}" "${PLAIN[@]}" -o plain app 2>report
expect_match report '18 sites, [0-9]+ bytes added, 18 sites in place$' ||
	die 'not all sites are in place'
expect_match report 'peek_url: its arguments need a trampoline: no stack check'
[ "$(tactics plain | cut -d' ' -f2 | uniq)" = inline ] || die "$(tactics plain)"
code_of plain
cmp app.text plain.text
diff <(loads_of app) <(loads_of plain) || die 'segments differ'
"$PROBES" verify plain >verified
./plain | cmp - app.out
ok 'no byte of the code and no segment changes'

"$PROBES" inject "${DEFS[@]}" -p 'sited:*' -o mixed app 2>report
expect_match report '20 sites, [0-9]+ bytes added, 18 sites in place$'
tactics mixed | grep -v inline >detoured
printf 'sited:fetch_%s detour\n' start url | cmp - detoured
"$PROBES" verify mixed >verified
./mixed | cmp - app.out
code_of mixed
[ "$(cmp -l app.text mixed.text | wc -l)" -le 11 ] || die 'more than the nops changed'
ok 'a probe with steps displaces the nops, and takes the others there along'

"$PROBES" inject --mode note "${DEFS[@]}" -p 'sited:*' -o note app 2>report
expect_match report 'fetch_url: its arguments need a trampoline: note mode'
[ "$(tactics note | cut -d' ' -f2 | uniq)" = inline ] || die "$(tactics note)"
ok 'note mode uses the nops as well'

cp mixed again
"$PROBES" inject "${DEFS[@]}" "${PLAIN[@]}" again 2>/dev/null
cmp plain again || die 'injecting again does not replace'
"$PROBES" strip -o original mixed 2>/dev/null
cmp app original
strip -o bare mixed
tactics bare | cmp - <(tactics mixed)
./bare | cmp - app.out
strip -o nosyms app
"$PROBES" inject "${DEFS[@]}" -p 'sited:*' nosyms 2>report
tactics nosyms | cmp - <(tactics mixed)
ok 'injected again, stripped of probes, stripped of symbols before or after'

"$PROBES" inject --every-function "${DEFS[@]}" -p 'sited:plain*' -o every app 2>report
tactics every 'every_function:entry' | sort | uniq -c >counts
expect_match counts 'every_function:entry detour' 'every_function:entry inline'
"$PROBES" verify every >verified
./every | cmp - app.out
ok 'every function: in place where it can be'

# A record that names another function: the seal fits, the place does not.
"$PROBES" inject "${DEFS[@]}" -p sited:plain_start -o one app 2>/dev/null
go tool nm app >names
address() { awk -v name="$1" '$3 == name {print $1}' names; }
lie() { # lie ADDRESS MESSAGE
	python3 - one lying "$1" "$ROOT/tests/badinput" <<'END'
import sys
sys.path.insert(0, sys.argv[4])
import mutate
whole = open(sys.argv[1], "rb").read()
elf = mutate.Elf(whole)
elf.put(mutate.meta_record(elf, 3) + 8, 8, int(sys.argv[3], 16))
mutate.reseal(elf, whole)
open(sys.argv[2], "wb").write(elf.data)
END
	expect_exit 1 "$PROBES" verify lying
	expect_match err "$2"
}
lie "$(address main.inner)" "no nop of the toolchain's at a site in place; inject"
lie "$(address runtime.main)" 'site in place is neither at an entry nor a return; inject'
ok 'verify: a site in place is where its function begins or returns'
