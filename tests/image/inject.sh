#!/bin/bash
# SPDX-License-Identifier: MIT
# The program in an image is injected as it would be outside, and nothing else of the image
# changes: OCI layouts (archive, folder; gzip, zstd, none), several platforms, docker archives.
. "$(dirname "$0")/../lib.sh"
need python3 zstd go
images() { python3 "$ROOT/tests/image/images.py" "$@"; }

build_go app "$ROOT/tests/fixtures/hello" go -ldflags="-s -w"
"$PROBES" inject -o direct app

one() { # one KIND: an image of that kind
	images make "$1" "$1.img" app
	images check "$1.img" >"$1.before"
	"$PROBES" inject -o "$1.out" "$1.img" 2>"$1.err"
	images check "$1.out" >"$1.after" # all digests, sizes, diff ids; no blob is left over
	cmp "$1.before" "$1.after"
	[ "$(images compare "$1.img" "$1.out" usr/bin/app)" = 'changed 1' ]
	images extract "$1.out" usr/bin/app "$1.app"
	cmp direct "$1.app"
}

for kind in zstd none multi docker folder; do
	if (one $kind); then ok $kind; else not_ok $kind; fi
done

expect_match multi.err \
	'^multi.img: linux/arm64 sha256:[0-9a-f]{12}: left as it is$' \
	'^multi.img: attestation sha256:[0-9a-f]{12} is dropped, it describes the image before' \
	'^multi.out: linux/amd64 sha256:[0-9a-f]{12} is now sha256:[0-9a-f]{12}$'
[ "$(grep -c attestation multi.err)" = 1 ] || die "the attestation of arm64 goes too"

# In place, with all of the file's attributes; again gives the same bytes.
cp multi.img same.img
chmod 640 same.img
setfattr -n user.note -v kept same.img 2>/dev/null && xattr=1 || xattr=0
"$PROBES" inject same.img 2>/dev/null
cmp multi.out same.img
"$PROBES" inject same.img 2>err
cmp multi.out same.img
expect_match err ': the same as before$'
[ "$(stat -c %a same.img)" = 640 ] || die "mode"
[ $xattr = 0 ] || [ "$(getfattr --only-values -n user.note same.img)" = kept ] || die "xattr"
ok "in place, again"

# A folder in place: what nothing refers to any more is gone.
cp -r folder.img place
"$PROBES" inject place 2>/dev/null
diff -r folder.out place
[ "$(find place -name '*probes~*')" = '' ] || die "litter"
ok "a folder in place"

# JSON: unknown members, their order, large numbers and spaces stay as they are.
for file in index.json blobs/sha256; do
	tar xf multi.img -C "$(mkdir -p old && echo old)" $file
	tar xf multi.out -C "$(mkdir -p new && echo new)" $file
done
texts() { # texts DIR: the JSON of what was changed, without digests and sizes
	local file
	cat "$1/index.json"
	for file in "$1"/blobs/sha256/*; do
		! grep -qE '"(manifests|rootfs)"' "$file" || grep -qE 'arm64|unknown"' "$file" ||
			cat "$file"
	done
}
for side in old new; do
	texts $side | sed -E 's/[0-9a-f]{64}/DIGEST/g; s/"size": [0-9]+/SIZE/' | sort >$side.txt
done
cmp old.txt new.txt
expect_match new.txt 9007199254740993123 '1\.50' '12345678901234567890'
ok "JSON"

"$PROBES" inject --json -o json.out multi.img >report.json 2>/dev/null
cmp json.out multi.out
/usr/bin/python3 - "$ROOT/docs/inject.schema.json" <<'END'
import hashlib, json, sys, jsonschema
report = json.load(open("report.json"))
jsonschema.validate(report, json.load(open(sys.argv[1])))
entry, = report
assert entry["input"] == "/usr/bin/app" and entry["image"]["chosen_by"] == "Entrypoint"
assert entry["output_digest"] == "sha256:" + hashlib.sha256(open("direct", "rb").read()).hexdigest()
END
for key in manifest config layer; do
	for side in old new; do
		digest=$(/usr/bin/python3 -c 'import json, sys
print(json.load(open("report.json"))[0]["image"][sys.argv[1]][sys.argv[2]][7:])' $key $side)
		[ -e $side/blobs/sha256/"$digest" ] || die "$side $key $digest"
	done
done
ok "report"
