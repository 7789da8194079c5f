#!/bin/bash
# SPDX-License-Identifier: MIT
# probes catalog --sites: the functions for the compiler, one line each, sorted, with the flags
# of all probes in it; those of a Go release; noinline from the probe or from the variant.
. "$(dirname "$0")/../lib.sh"

cat >own.yaml <<'END'
package: example.com/shop
probes:
- name: price_start
  at: entry
  doc: d
  stability: stable
  noinline: true
  variants:
  - {func: example.com/shop.price, signature: func()}
  - {func: example.com/shop.old, signature: func(), until: '1.21', noinline: false}
- name: price_end
  at: return
  doc: d
  stability: stable
  variants:
  - {func: example.com/shop.price, signature: func()}
  - {func: example.com/shop.newer, signature: func(), since: '1.25', noinline: true}
- name: get
  at: return
  doc: d
  stability: stable
  variants:
  - {func: 'example.com/shop.(*Cache[...]).Get', signature: func()}
END
list() { "$PROBES" catalog -d own.yaml --sites "$@"; }

diff - <(list example_com_shop) <<'END'
r example.com/shop.(*Cache[...]).Get
rn example.com/shop.newer
e example.com/shop.old
ern example.com/shop.price
END
diff - <(list --go 1.21 example_com_shop) <<'END'
r example.com/shop.(*Cache[...]).Get
e example.com/shop.old
ern example.com/shop.price
END
diff - <(list --go go1.25.3 'example_com_shop:price_*') <<'END'
rn example.com/shop.newer
ern example.com/shop.price
END

# A program's own functions: in the program, and where `go test` compiles them.
mkdir -p app/cmd/x.y
printf 'module example.com/app\n' >app/go.mod
printf 'package main\n\n//probes:entry ready\nfunc ready() {}\n' >app/cmd/x.y/main.go
diff - <("$PROBES" catalog -d app --sites 'main:*') <<'END'
e example.com/app/cmd/x%2ey.ready
e main.ready
END

# The whole of it: as many functions as the catalogue has, none twice, in order.
list >all
cut -d' ' -f2- all >names
LC_ALL=C sort -u names | cmp - names || die 'not sorted, or a function is there twice'
"$PROBES" catalog -d own.yaml | cut -f4 | LC_ALL=C sort -u | cmp - names
expect_line all 'er net/http.serverHandler.ServeHTTP'

expect_exit 2 list --go 2.1
expect_line err 'probes catalog: --go wants a Go release such as 1.26; see probes catalog --help'
expect_exit 2 "$PROBES" catalog --go 1.26
expect_exit 2 list --json
expect_exit 3 list no_such:probe
