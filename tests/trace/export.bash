# SPDX-License-Identifier: MIT
# What the tests of `probes export` share: a collector, a Prometheus, programs. Source after lib.sh.
# shellcheck shell=bash disable=SC2034
EXPORT_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/goprobes-tests

# cached_go FIXTURE: builds the program of tests/fixtures/FIXTURE once for each of its states,
# as its modules take a minute to compile. Sets CACHED_GO.
cached_go() {
	local source=$ROOT/tests/fixtures/$1 sum
	need go flock sha256sum
	sum=$(cd "$source" && cat main.go go.mod go.sum | sha256sum | cut -c1-16)
	CACHED_GO=$EXPORT_CACHE/$1-$sum
	[ -x "$CACHED_GO" ] && return
	mkdir -p "$EXPORT_CACHE"
	(
		flock 9
		[ -x "$CACHED_GO" ] && exit
		build_go "$CACHED_GO.new" "$source" go -trimpath -ldflags=-s
		mv "$CACHED_GO.new" "$CACHED_GO"
	) 9>"$CACHED_GO.lock" || die "tests/fixtures/$1 cannot be built"
}

free_port() {
	python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

collector_start() { # sets COLLECTOR_URL; what arrives is in got.traces and got.metrics
	local port
	cached_go collector
	port=$(free_port)
	COLLECTOR_URL=http://127.0.0.1:$port
	cat >collector.yaml <<-END
		receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:$port"}}}}
		exporters: {lines: {path: "$TEST_TMP/got"}}
		service:
		  telemetry: {metrics: {level: none}, logs: {level: warn}}
		  pipelines:
		    traces: {receivers: [otlp], exporters: [lines]}
		    metrics: {receivers: [otlp], exporters: [lines]}
	END
	"$CACHED_GO" --config collector.yaml >collector.log 2>&1 &
	STARTED+=($!)
	wait_for 20 curl -so /dev/null "$COLLECTOR_URL" || {
		cat collector.log >&2
		die 'the collector does not listen'
	}
}

prometheus_unpack() { # in an empty folder
	apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; } &&
		dpkg-deb -x prometheus_*.deb out && rm -rf "$EXPORT_CACHE/prometheus" &&
		mv out "$EXPORT_CACHE/prometheus"
}

# Debian's package without installing it, which would start its service.
prometheus_get() { # sets PROMETHEUS and PROMTOOL
	PROMETHEUS=$(command -v prometheus || echo "$EXPORT_CACHE/prometheus/usr/bin/prometheus")
	PROMTOOL=$(command -v promtool || echo "$EXPORT_CACHE/prometheus/usr/bin/promtool")
	[ -x "$PROMETHEUS" ] && [ -x "$PROMTOOL" ] && return
	need apt-get dpkg-deb flock
	mkdir -p "$EXPORT_CACHE" download
	(
		flock 9
		[ -x "$PROMETHEUS" ] || (cd download && prometheus_unpack)
	) 9>"$EXPORT_CACHE/prometheus.lock" >download.log 2>&1 || {
		cat download.log
		skip 'no package prometheus to download'
	}
}
