#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# The manifest is what Kubernetes' types take, the image has the libraries, and the script that
# it runs exports programs of other mount namespaces, those that start later too.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/trace/export.bash"
need_bpf
need curl python3 unshare nsenter
trap stop_all EXIT
cached_go manifest
"$CACHED_GO" "$ROOT/deploy/kubernetes/daemonset.yaml" >kinds || die 'daemonset.yaml'
[ "$(tr '\n' ' ' <kinds)" = 'Namespace DaemonSet ' ] || die "$(cat kinds)"
ok 'Kubernetes knows all fields of the manifest, which asks for three capabilities'

if command -v dpkg >/dev/null && grep -q '^VERSION_ID="12"' /etc/os-release; then
	for library in $(readelf -d "$PROBES" | sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p') \
		libcurl.so.4 libmicrohttpd.so.12; do
		package=$(dpkg -S "*/$library" | sed -nE '1s/:.*//p')
		case $library in libasan* | libubsan*) continue ;; esac
		[ "$package" = libc6 ] || sed '1,/^FROM debian:12-slim$/d' "$ROOT/deploy/Dockerfile" |
			grep -qw "$package" || die "$library of $package is not in deploy/Dockerfile"
	done
	ok 'the image has the libraries that the command needs'
fi

collector_start
build_go traced "$ROOT/tests/fixtures/traced"
"$PROBES" inject -p 'net_http:server_*' -p 'runtime:goroutine_create' traced 2>/dev/null
mkfifo in1 in2
unshare -m sh -c "mount -t tmpfs none /mnt && mkdir /mnt/app && cp traced /mnt/app/server &&
	exec /mnt/app/server -wait -n 20 -truth '$PWD/1.json'" <in1 &
first=$!
STARTED+=("$first")
exec 7>in1
wait_for 10 eval '[ "$(readlink /proc/$first/exe)" = /mnt/app/server ]'
[ ! -e /mnt/app/server ] || die 'the file is seen from outside'

ROUND_SECONDS=1 "$ROOT/deploy/kubernetes/goprobes-watch.sh" '/mnt/app/*' --otlp "$COLLECTOR_URL" \
	net_http:server_request 2>watch.log &
watch=$!
STARTED+=("$watch")
wait_for 20 grep -q 'attached to' watch.log || die "$(cat watch.log)"
nsenter -t "$first" -m /mnt/app/server -wait -n 30 -truth "$PWD/2.json" <in2 &
second=$!
STARTED+=("$second")
exec 8>in2
wait_for 10 eval '[ "$(readlink /proc/$second/exe)" = /mnt/app/server ]'
echo >&7
echo >&8
wait "$first" "$second"
wait_for 20 grep -q 'spans delivered' watch.log || die "$(cat watch.log)"
kill "$watch"
wait "$watch" || die "$(cat watch.log)"
[ "$(grep -c 'attached to' watch.log)" = 1 ] || die "$(cat watch.log)"

python3 - <<'END'
import collections, json
got = collections.Counter()
for line in open("got.traces", encoding="utf-8"):
    for resource in json.loads(line)["resourceSpans"]:
        at = {a["key"]: list(a["value"].values())[0] for a in resource["resource"]["attributes"]}
        assert (at["service.name"], at["process.executable.path"]) == \
            ("server", "/mnt/app/server"), at
        for scope in resource["scopeSpans"]:
            got[at["process.pid"]] += len(scope["spans"])
want = []
for name in ("1.json", "2.json"):
    truth = json.load(open(name, encoding="utf-8"))
    want.append(sum(not r["traceparent"].endswith("-00") for r in truth) +
                sum(r["inner"] for r in truth))
assert sorted(got.values()) == sorted(want), (got, want)
print(f"ok - {sum(want)} spans of two processes behind one exporter")
END
