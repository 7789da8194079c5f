#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow
# Probes fire in a library that a C program loads, and in a plugin; an archive has none.
. "$ROOT/tests/lib.sh"
. "$ROOT/tests/toolexec/toolexec.bash"
need_bpf
need gcc
say='printf("open %s\n", str(arg1, arg2));'
mkdir shared plugin host
printf 'module example.com/shared\n\ngo 1.18\n' >shared/go.mod
cat >shared/main.go <<'E2'
package main

import "C"

import "os"

//export Work
func Work(name *C.char) int {
	_, err := os.Stat(C.GoString(name))
	file, _ := os.Open(C.GoString(name))
	file.Close()
	if err != nil {
		return 1
	}
	return 42
}

func main() {}
E2
cat >use.c <<'E2'
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW);
	long (*work)(char *) = library ? (long (*)(char *))dlsym(library, "Work") : NULL;

	if (!work || argc != 2)
		return puts(dlerror());
	printf("%ld\n", work("/dev/null"));
	return 0;
}
E2
gcc -o use use.c -ldl
(cd shared && go build -buildmode=c-shared "$TOOLEXEC" -o ../shared.so .)
probed shared.so
[ "$(go tool buildid shared.so | tr -cd / | wc -c)" = 3 ] || die "no build id in the library"
before=$(identity shared.so)
(cd shared && go build -buildmode=c-shared "$TOOLEXEC" -o ../shared.so .)
[ "$(identity shared.so)" = "$before" ] || die "the library is linked again"
[ "$(./use ./shared.so)" = 42 ] || die "the library does not work"
bpftrace_run shared "usdt:$PWD/shared.so:os:open_start { $say }" \
	./use ./shared.so >/dev/null
expect_line shared.log 'open /dev/null'
ok "c-shared"

(cd shared && go build -buildmode=c-archive "$TOOLEXEC" -o ../shared.a . 2>../err)
expect_match err '^probes: example.com/shared: built without probes: -buildmode=c-archive'
sed 's/dlopen(argv\[1\], RTLD_NOW)/dlopen(NULL, RTLD_NOW)/' use.c >static.c
gcc -rdynamic -o static static.c -Wl,--whole-archive shared.a -Wl,--no-whole-archive -ldl \
	-pthread
"$PROBES" inject static 2>/dev/null
probed static
[ "$(./static x)" = 42 ] || die "the program with the archive does not work"
ok "c-archive, injected afterwards"

printf 'module example.com/plugin\n\ngo 1.18\n' >plugin/go.mod
cat >plugin/main.go <<'E2'
package main

import "os"

func Work(name string) bool {
	file, err := os.Open(name)
	file.Close()
	return err == nil
}
E2
printf 'module example.com/host\n\ngo 1.18\n' >host/go.mod
cat >host/main.go <<'E2'
package main

import (
	"os"
	"plugin"
)

func main() {
	loaded, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	work, err := loaded.Lookup("Work")
	if err != nil {
		panic(err)
	}
	println(work.(func(string) bool)(os.Args[2]))
}
E2
(cd plugin && go build -buildmode=plugin "$TOOLEXEC" -o ../plugin.so .)
probed plugin.so
(cd host && go build -o ../host.plain . && go build "$TOOLEXEC" -o ../host.probed .)
probed host.probed
for host in host.plain host.probed; do
	[ "$("./$host" ./plugin.so /dev/null 2>&1)" = true ] || die "$host cannot use the plugin"
done
bpftrace_run plugin "usdt:$PWD/plugin.so:os:open_start { $say }" \
	./host.plain ./plugin.so /dev/null 2>/dev/null
expect_line plugin.log 'open /dev/null'
ok "plugin"
