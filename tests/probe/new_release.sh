#!/bin/bash
# SPDX-License-Identifier: MIT
# `make layouts GO=...`, by which a new Go release comes in: shown on the newest release, with
# a tree that does not know it yet. docs/new-go-release.md.
. "$(dirname "$0")/../lib.sh"
need go python3
python3 -c 'import yaml' 2>/dev/null || skip 'no python3-yaml'
export UNIT=${UNIT:-$ROOT/build/tests}
newest=$(sed -n 's/^go .* //p' "$ROOT/stdlib-probes/layouts/amd64.txt")
read -r _ go < <(GO_VERSIONS=go$newest "$ROOT/tests/toolchains.sh") || skip "no go$newest"

copy() { # copy DIR: the definitions, without layout data of the newest minor
	mkdir "$1"
	cp -r "$ROOT"/stdlib-probes/*.yaml "$ROOT/stdlib-probes/layouts" \
		"$ROOT/stdlib-probes/compat" "$1"
	python3 - "$1/layouts" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import measure
releases, fields = measure.read_data(measure.DATA)
last = max(map(measure.minor, releases))
fields = {name: {m: p for m, p in row.items() if m != last} for name, row in fields.items()}
measure.DATA.write_text(measure.format_data(
    [r for r in releases if measure.minor(r) != last], {n: r for n, r in fields.items() if r}))
END
}

copy known
expect_exit 0 known/layouts/measure.py "$go"
expect_match out "^Go $newest: [0-9]+ fields\$" '^  against Go 1\.' ' [0-9]+ -> [0-9]+$'
diff "$ROOT/stdlib-probes/layouts/amd64.txt" known/layouts/amd64.txt
ok "layout data without Go $newest, measured: byte for byte what all together gave"

# Definitions that end at the minor before: each variant that ends there now goes on.
copy old
python3 - "$newest" old/*.yaml old/compat/*.yaml >cut <<'END'
import sys
import yaml
last = int(sys.argv[1].split(".")[1])
since, until = f"1.{last}", f"1.{last - 1}"

def cut(items):
    """Without what begins at the newest minor; what ends before it has no end."""
    kept = [item for item in items if item.get("since") != since]
    ended = [item for item in kept if item.get("until") == until]
    for item in ended:
        del item["until"]
    return kept, ended

for path in sys.argv[2:]:
    documents = list(yaml.safe_load_all(open(path)))
    for document in documents:
        provider = document.get("provider") or "".join(
            c if c.isalnum() else "_" for c in document["package"])
        document["types"], _ = cut(document.get("types", []))
        for probe in document["probes"]:
            probe["variants"], open_ended = cut(probe["variants"])
            for variant in open_ended:
                print(f"{provider}:{probe['name']} {variant['func']}")
        document["probes"] = [p for p in document["probes"] if p["variants"]]
    yaml.safe_dump_all(documents, open(path, "w"), allow_unicode=True)
END
cp old/layouts/amd64.txt before.txt
expect_exit 1 old/layouts/measure.py "$go"
cmp before.txt old/layouts/amd64.txt || die 'incomplete data were written'
sed -nE 's/^  [^ ]+: ([^ ]+): (no function )?([^ ]+)( is only inlined|: .*)?$/\1 \3/p' out |
	sort -u >named
sort -u cut >wanted
cp out old.out
comm -23 named wanted >too_much
[ ! -s too_much ] || die "named without need: $(cat too_much)"
# A variant that still fits says nothing, and cannot.
comm -13 named wanted | while read -r probe symbol; do
	! grep -qF "$symbol" out || die "$probe is not named for $symbol"
done
[ -s named ] || die 'no definition was named'
expect_match out "^      near: "
ok "$(wc -l <named) of $(wc -l <wanted) variants that end before Go $newest are named, no other"

# What else a release can do: another signature, a field that is gone.
copy other
cat >other/other.yaml <<'END'
package: net/http
types:
  - {name: serverHandler, type: "struct{srv *Server}"}
probes:
  - name: other_signature
    at: entry
    doc: d
    stability: stable
    args: [{name: code, type: int}]
    variants:
      - {func: net/http.Error, signature: "func(w *T, code int)", values: [code]}
  - name: lost_field
    at: return
    doc: d
    stability: stable
    args: [{name: code, type: int}]
    variants:
      - func: net/http.(*Transport).roundTrip
        signature: "func(t *Transport, req *Request) (resp *Response, err error)"
        values: [resp.Codex]
END
expect_exit 1 other/layouts/measure.py "$go"
expect_match out '^  other/other.yaml:11: net_http:other_signature: net/http.Error: ' \
	'^      definition: func\(w \*T, code int\)$' \
	'^      program:    func\(w net/http.ResponseWriter, error string, code int\) \(\)$' \
	'^  other/other.yaml:18: net_http:lost_field: .*net/http.Response has no field Codex'
ok 'another signature and a lost field are told apart'
