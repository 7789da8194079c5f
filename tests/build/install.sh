#!/bin/bash
# SPDX-License-Identifier: MIT
# make install puts six kinds of files below DESTDIR, and uninstall takes them away.
. "$ROOT/tests/lib.sh"
stage=$TEST_TMP/stage
make -s -C "$ROOT" install DESTDIR="$stage" PREFIX=/opt/p BINDIR=/opt/p/bin \
	MANDIR=/opt/p/share/man DATADIR=/opt/p/share
(cd "$stage" && find . -type f | sort) >files
expect_line files ./opt/p/bin/probes ./opt/p/share/man/man1/probes.1 \
	./opt/p/share/goprobes/stdlib-probes/net_http.yaml \
	./opt/p/share/goprobes/stdlib-probes/compat/usdt-fork.yaml \
	./opt/p/share/goprobes/bpf-scripts/gohttpstat.py \
	./opt/p/share/goprobes/docs/tracing.md ./opt/p/share/goprobes/docs/trace.schema.json
"$stage/opt/p/bin/probes" catalog net_http >catalog
expect_match catalog '^net_http:server_request_start'
make -s -C "$ROOT" uninstall DESTDIR="$stage" PREFIX=/opt/p BINDIR=/opt/p/bin \
	MANDIR=/opt/p/share/man DATADIR=/opt/p/share
[ -z "$(find "$stage" -type f)" ] || die "left behind: $(find "$stage" -type f)"
