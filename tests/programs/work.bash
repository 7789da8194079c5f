# SPDX-License-Identifier: MIT
# bash work.bash NAME DIR: does the work of program NAME in DIR with the binary DIR/NAME. What
# it prints is the same from run to run. Everything it starts ends here, by pid.
# shellcheck shell=bash
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/programs/servers.bash"
. "$ROOT/tests/programs/containers.bash"
. "$ROOT/tests/programs/files.bash"

free_port() { # prints a TCP port of 127.0.0.1 that nobody listens on
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

get() { # get URL [CURL OPTION]...: prints the body; fails on an HTTP error
	curl -sSf --noproxy '*' --max-time 20 "$@"
}

background() { # background NAME COMMAND...: runs a server until the end; its pid is in PID
	local log=$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null &
	PID=$!
	STARTED+=("$PID")
}

answers() { get "$@" >/dev/null 2>&1; }

digest_tree() { (cd "$1" && find . -type f -exec sha256sum {} + | sort -k2); }

name=$1 dir=$2
if [ -n "$PRIVATE" ]; then # in a mount namespace of its own, see debian.sh
	mount -t tmpfs none /run
	mount -t tmpfs none /var/lib
fi
trap stop_all EXIT
cd "$dir"
export HOME=$dir/home XDG_CONFIG_HOME=$dir/home/.config XDG_DATA_HOME=$dir/home/.local
export XDG_CACHE_HOME=$dir/home/.cache XDG_RUNTIME_DIR=$dir/home/run LC_ALL=C TZ=UTC
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export NO_PROXY='*' no_proxy='*' TREE=$TEST_TMP/tree
mkdir -p "$HOME/run"
"work_${name//-/_}" "$dir/$name"
