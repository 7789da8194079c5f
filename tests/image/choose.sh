#!/bin/bash
# SPDX-License-Identifier: MIT
# Which program of an image is injected: what it runs, or what --in-image says.
. "$(dirname "$0")/../lib.sh"
need python3 go

build_go app "$ROOT/tests/fixtures/hello" go -ldflags="-s -w"
cat >choose.py <<'END'
import json
import sys
sys.path.insert(0, sys.argv[1])
from images import *
app = open("app", "rb").read()
base = archive([entry("usr/bin/tool", app, mode=0o755), entry("sbin/tini", b"x", mode=0o755),
                entry("opt/dir/below", app, mode=0o755), entry("bin/sh", b"x", mode=0o755)])
top = archive([entry("srv/main", app, mode=0o755), entry("opt/.wh.dir", b""),
               entry("loop", kind=tarfile.SYMTYPE, link="loop"),
               entry("lib", kind=tarfile.SYMTYPE, link="/srv"),
               entry("up", kind=tarfile.SYMTYPE, link="../../../../lib/main"),
               entry("usr/bin/.wh.none", b"")])
hide = archive([entry("usr/.wh..wh..opq", b"")])
for name, run in json.load(open("runs.json")).items():
    layout = Layout()
    layers = [base, top] + ([hide] if name == "hidden" else [])
    layout.files["index.json"] = pack(layout.index(layout.image(layers, run=run, how="none")))
    layout.write(name + ".img")
END
cat >runs.json <<'END'
{"path": {"Cmd": ["tool"]},
 "relative": {"Entrypoint": ["./main"], "WorkingDir": "/lib"},
 "init": {"Entrypoint": ["tini", "--"], "Cmd": ["/up", "-v"]},
 "shell": {"Cmd": ["/bin/sh", "-c", "set -e; exec /lib/main --flag \"$1\""]},
 "other": {"Env": ["PATH=/srv:/usr/bin"], "Cmd": ["main"]},
 "script": {"Entrypoint": ["/bin/sh"], "Cmd": ["run"]},
 "hidden": {"Entrypoint": ["/usr/bin/tool"]},
 "loop": {"Entrypoint": ["/loop"]},
 "empty": {"User": "1"}}
END
python3 choose.py "$ROOT/tests/image"

chosen() { # chosen CODE IMAGE PATHS [OPTION]...: the programs that the report names
	local code=$1 image=$2 want=$3 got
	shift 3
	expect_exit "$code" "$PROBES" inject -p net_http:server_request_start -o out.img "$@" \
		"$image.img"
	got=$(sed -nE "s/^$image.img:(\/[^:]+): go.*/\1/p" err | sort | tr '\n' ' ')
	if [ "$got" = "$want" ]; then ok "$image $*: $want"; else not_ok "$image $*: $got"; fi
	rm -f out.img
}

chosen 0 path '/usr/bin/tool '
chosen 0 relative '/srv/main '
chosen 0 init '/srv/main '
chosen 0 shell '/srv/main '
chosen 0 other '/srv/main '
chosen 0 script '/usr/bin/tool ' --in-image /usr/bin/tool
chosen 0 path '/srv/main ' --in-image /lib/main
chosen 0 path '/srv/main /usr/bin/tool ' --in-image '/*/main' --in-image '/usr/bin/t*'

chosen 3 script ''
expect_match err 'script.img: .*: what it runs is no Go program: /bin/sh run; choose with' \
	'--in-image among: /(srv/main, /usr/bin/tool|usr/bin/tool, /srv/main)$' \
	'no program chosen; the file is unchanged'
chosen 3 hidden ''
expect_match err 'among: /srv/main$'
chosen 3 loop ''
chosen 3 empty ''
expect_match err 'neither Entrypoint nor Cmd'
chosen 3 path '' --in-image /opt/dir/below
expect_match err 'no Go program at /opt/dir/below in it; the file is unchanged'
chosen 3 path '' --in-image '/usr/bin/x*'
expect_exit 1 "$PROBES" inject --in-image /x app
expect_match err '^probes: app: no container image, which --in-image needs$'
for command in list verify strip; do
	expect_exit 1 "$PROBES" $command path.img
	expect_match err '^probes: path.img: a container image or an archive'
done
ok "commands that take programs say so"
