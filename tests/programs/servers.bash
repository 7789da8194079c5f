# SPDX-License-Identifier: MIT
# work_NAME BINARY: real work of servers, on loopback; see work.bash.
# shellcheck shell=bash disable=SC2154

work_caddy() {
	local port backend
	port=$(free_port) backend=$(free_port)
	cat >Caddyfile <<-EOF
		{
			admin off
			auto_https off
		}
		http://127.0.0.1:$port {
			root * $TREE
			encode gzip
			handle /proxied/* {
				uri strip_prefix /proxied
				reverse_proxy 127.0.0.1:$backend
			}
			file_server browse
		}
		http://127.0.0.1:$backend {
			respond "behind {method} {uri}"
		}
	EOF
	"$1" validate --config Caddyfile --adapter caddyfile >/dev/null 2>&1
	background caddy "$1" run --config Caddyfile --adapter caddyfile
	wait_for 20 answers "http://127.0.0.1:$port/a/text-1"
	get "http://127.0.0.1:$port/a/text-1"
	get --compressed "http://127.0.0.1:$port/a/text-20" | sha256sum
	get "http://127.0.0.1:$port/b/noise-3" | sha256sum
	get "http://127.0.0.1:$port/proxied/some/path?x=1" && echo
	get -X POST -d data "http://127.0.0.1:$port/proxied/post" && echo
	get -H 'Range: bytes=10-29' "http://127.0.0.1:$port/b/noise-3" | sha256sum
	get "http://127.0.0.1:$port/b/" | grep -o 'href="[^"]*noise[^"]*"' | sort
	curl -s -o /dev/null -w '%{http_code}\n' --noproxy '*' "http://127.0.0.1:$port/missing"
	seq 200 | xargs -P 8 -I@ curl -s --noproxy '*' "http://127.0.0.1:$port/a/text-@" | sort | sha256sum
}

prometheus_says() { # prometheus_says PORT QUERY: value of a query; fails while there is none
	get -G "http://127.0.0.1:$1/api/v1/query" --data-urlencode "query=$2" |
		grep -o '"value":\[[^]]*\]' | sed 's/.*,"//; s/"\]//'
}

work_prometheus() {
	local port
	port=$(free_port)
	cat >prometheus.yml <<-EOF
		global: {scrape_interval: 1s, evaluation_interval: 1s}
		rule_files: [rules.yml]
		scrape_configs:
		  - job_name: itself
		    static_configs: [{targets: ["127.0.0.1:$port"]}]
	EOF
	printf 'groups:\n- name: g\n  rules:\n  - {record: up_twice, expr: up * 2}\n' >rules.yml
	background prometheus "$1" --config.file=prometheus.yml --storage.tsdb.path=data \
		--web.listen-address="127.0.0.1:$port"
	wait_for 30 answers "http://127.0.0.1:$port/-/ready"
	wait_for 30 prometheus_says "$port" 'up_twice{job="itself"}' >/dev/null
	prometheus_says "$port" 'up_twice{job="itself"}' | tail -1
	prometheus_says "$port" 'vector(6) * 7'
	get "http://127.0.0.1:$port/api/v1/targets" | grep -o '"health":"[a-z]*"'
	get "http://127.0.0.1:$port/metrics" | grep -c '^prometheus_' | sed 's/.../enough/'
	kill -TERM "$PID"
	wait "$PID" && echo "ended in order"
}

work_promtool() {
	cat >rules.yml <<-'EOF'
		groups:
		  - name: example
		    rules: [{record: job:up:sum, expr: sum by (job) (up)}]
	EOF
	cat >test.yml <<-'EOF'
		rule_files: [rules.yml]
		tests:
		  - interval: 1m
		    input_series:
		      - {series: 'up{job="a",instance="1"}', values: '1 1 1'}
		      - {series: 'up{job="a",instance="2"}', values: '0 1 1'}
		    promql_expr_test:
		      - expr: job:up:sum
		        eval_time: 2m
		        exp_samples: [{labels: 'job:up:sum{job="a"}', value: 2}]
	EOF
	printf 'global: {scrape_interval: 1s}\nrule_files: [rules.yml]\n' >prometheus.yml
	"$1" check config prometheus.yml
	"$1" check rules rules.yml
	"$1" test rules test.yml
}

work_node_exporter() {
	local port
	port=$(free_port)
	background exporter "$1" --web.listen-address="127.0.0.1:$port" --collector.disable-defaults \
		--collector.uname --collector.time --collector.loadavg --collector.meminfo --collector.stat
	wait_for 20 answers "http://127.0.0.1:$port/metrics"
	get "http://127.0.0.1:$port/metrics" | grep -E '^node_uname_info|^node_memory_MemTotal'
	get "http://127.0.0.1:$port/metrics" | grep '^# HELP node_' | sort
	seq 30 | xargs -P 4 -I@ curl -s --noproxy '*' "http://127.0.0.1:$port/metrics?@" |
		grep -c '^node_uname_info'
}

start_etcd() { # start_etcd BINARY: sets ETCD to the client's URL
	local peer
	ETCD=http://127.0.0.1:$(free_port) peer=http://127.0.0.1:$(free_port)
	background etcd "$1" --data-dir etcd-data --listen-client-urls "$ETCD" \
		--advertise-client-urls "$ETCD" --listen-peer-urls "$peer" \
		--initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
	wait_for 30 answers "$ETCD/health"
}

work_etcd() {
	local key
	start_etcd "$1"
	for key in one two three; do # the JSON gateway: base64 keys and values
		get "$ETCD/v3/kv/put" -d "{\"key\": \"$(echo -n $key | base64)\", \"value\": \"$(echo -n "value of $key" | base64)\"}" >/dev/null
	done
	get "$ETCD/v3/kv/range" -d "{\"key\": \"$(echo -n two | base64)\"}" |
		grep -o '"value":"[^"]*"' | cut -d'"' -f4 | base64 -d && echo
	get "$ETCD/v3/kv/range" -d "{\"key\": \"AA==\", \"range_end\": \"AA==\"}" | grep -o '"count":"[0-9]*"'
	get "$ETCD/health"
	kill -TERM "$PID"
	wait "$PID" || echo "ended by the signal"
}

work_etcdctl() {
	export ETCDCTL_API=3
	start_etcd "$x/etcd-server/usr/bin/etcd"
	seq 20 | while read -r i; do "$1" --endpoints "$ETCD" put "key-$i" "value $i"; done
	"$1" --endpoints "$ETCD" get --prefix key-1
	"$1" --endpoints "$ETCD" del key-3
	"$1" --endpoints "$ETCD" get --prefix '' --keys-only --order=DESCEND
	"$1" --endpoints "$ETCD" endpoint health 2>&1 | grep -o 'is healthy'
	"$1" --endpoints "$ETCD" snapshot save snapshot.db >/dev/null 2>&1
	"$1" snapshot status snapshot.db | cut -d, -f3
}

work_syncthing() {
	local port key
	"$1" generate --home="$PWD/cfg" --no-default-folder >generated.log 2>&1
	test -s cfg/cert.pem
	sed -i -E -e 's#<(globalAnnounce|localAnnounce|relays|nat|crashReporting)Enabled>true#<\1Enabled>false#' \
		-e 's#<listenAddress>default#<listenAddress>tcp://127.0.0.1:0#' \
		-e 's#<urAccepted>0#<urAccepted>-1#' -e 's#<startBrowser>true#<startBrowser>false#' cfg/config.xml
	port=$(sed -n 's#.*<address>127.0.0.1:\([0-9]*\)</address>.*#\1#p' cfg/config.xml)
	key=$(sed -n 's#.*<apikey>\(.*\)</apikey>.*#\1#p' cfg/config.xml)
	background syncthing "$1" serve --home="$PWD/cfg" --no-browser --no-upgrade --no-restart
	wait_for 40 answers -H "X-API-Key: $key" "http://127.0.0.1:$port/rest/system/ping"
	get -H "X-API-Key: $key" "http://127.0.0.1:$port/rest/system/ping"
	get -H "X-API-Key: $key" "http://127.0.0.1:$port/rest/system/version" | grep -o '"version": *"[^"]*"'
	cp -r "$TREE" shared && mkdir shared/.stfolder
	get -H "X-API-Key: $key" -X POST "http://127.0.0.1:$port/rest/config/folders" \
		-d "{\"id\": \"shared\", \"path\": \"$PWD/shared\", \"type\": \"sendonly\"}"
	wait_for 30 syncthing_has_all "$port" "$key"
	get -H "X-API-Key: $key" "http://127.0.0.1:$port/rest/db/status?folder=shared" |
		grep -E '"(localFiles|localBytes|localDirectories)"'
}

syncthing_has_all() { # syncthing_has_all PORT KEY: the tree is scanned
	local status files
	files=$(find "$TREE" -type f | wc -l)
	status=$(get -H "X-API-Key: $2" "http://127.0.0.1:$1/rest/db/status?folder=shared") || return
	[[ $status == *"\"localFiles\": $files,"* ]]
}
