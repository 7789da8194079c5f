#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the packages that the build, the demo and the tests need and this machine lacks.
#   tools/deps.sh            install what is missing (through sudo when not root)
#   tools/deps.sh --list     only print the names of the missing packages
set -u
PATH=$PATH:/usr/sbin:/sbin:/usr/local/go/bin:/usr/share/bcc/tools

# What is looked for; Debian's package; Ubuntu's, where its name differs; Fedora's.
needs() {
	cat <<'END'
cmd:cc               gcc               -                    gcc
inc:stdio.h          libc6-dev         -                    glibc-devel
inc:gelf.h           libelf-dev        -                    elfutils-libelf-devel
inc:elfutils/libdw.h libdw-dev         -                    elfutils-devel
inc:Zydis/Zydis.h    libzydis-dev      -                    zydis-devel
inc:yaml.h           libyaml-dev       -                    libyaml-devel
inc:cjson/cJSON.h    libcjson-dev      -                    cjson-devel
inc:sha2.h           libmd-dev         -                    libmd-devel
inc:zlib.h           zlib1g-dev        -                    zlib-devel
inc:zstd.h           libzstd-dev       -                    libzstd-devel
inc:bpf/libbpf.h     libbpf-dev        -                    libbpf-devel
inc:sys/capability.h libcap-dev        -                    libcap-devel
inc:curl/curl.h      libcurl4-openssl-dev -                 libcurl-devel
inc:microhttpd.h     libmicrohttpd-dev -                    libmicrohttpd-devel
inc:sys/sdt.h        systemtap-sdt-dev -                    systemtap-sdt-devel
cmd:clang            clang             -                    clang
cmd:bpftool          bpftool           linux-tools-common   bpftool
cmd:bpftrace         bpftrace          -                    bpftrace
cmd:tplist-bpfcc|tplist bpfcc-tools    -                    bcc-tools
py:bcc               python3-bpfcc     -                    python3-bcc
kernel:headers       linux-headers-amd64 linux-headers-generic kernel-devel
cmd:perf             linux-perf        linux-tools-generic  perf
cmd:gdb              gdb               -                    gdb
cmd:readelf          binutils          -                    binutils
cmd:python3          python3           -                    python3
py:yaml              python3-yaml      -                    python3-pyyaml
py:jsonschema        python3-jsonschema -                   python3-jsonschema
cmd:setcap           libcap2-bin       -                    libcap
cmd:zstd             zstd              -                    zstd
cmd:setfattr         attr              -                    attr
cmd:ps               procps            -                    procps-ng
cmd:time             time              -                    time
cmd:curl             curl              -                    curl
cmd:git              git               -                    git
inc:/etc/ssl/certs   ca-certificates   -                    ca-certificates
lib:libdevmapper.so.1.02.1 libdevmapper1.02.1 -              device-mapper-libs
lib:libwebp.so.7     libwebp7          -                    libwebp
cmd:qemu-system-x86_64 qemu-system-x86 -                    qemu-system-x86-core
cmd:busybox          busybox-static    -                    busybox
cmd:cpio             cpio              -                    cpio
cmd:go               golang-go         -                    golang+golang-race
END
}

have() { # have KIND:WHAT[|OTHER]: whether it is there
	what=${1#*:}
	case $1 in
	cmd:*) command -v "${what%%|*}" >/dev/null || command -v "${what#*|}" >/dev/null ;;
	inc:/*) [ -e "$what" ] ;;
	inc:*) echo "#include <$what>" | cc -E - >/dev/null 2>&1 ;;
	kernel:*) # any will do: bcc compiles against them (tests/tracers/bcc.sh)
		[ -d "/lib/modules/$(uname -r)/build" ] || [ -e /sys/kernel/kheaders.tar.xz ] ||
			[ -n "$(ls -d /usr/src/linux-headers-* /usr/src/kernels/* 2>/dev/null)" ] ;;
	lib:*) ldconfig -p | grep -F "$what" >/dev/null ;; # of Debian's programs that tests run
	py:*) /usr/bin/python3 -c "import $what" >/dev/null 2>&1 ;;
	esac
}

distribution=$(. /etc/os-release 2>/dev/null; echo " ${ID:-} ${ID_LIKE:-} ")
case $distribution in
*" ubuntu "*) column=ubuntu ;;
*" debian "*) column=debian ;;
*" fedora "* | *" rhel "*) column=fedora ;;
*) column='' ;;
esac

missing=$(needs | while read -r what debian ubuntu fedora; do
	have "$what" && continue
	[ "$ubuntu" = - ] && ubuntu=$debian
	case $column in
	fedora) echo "$fedora" ;;
	ubuntu) echo "$ubuntu" ;;
	*) echo "$debian" ;;
	esac
done)
missing=$(echo $missing | tr + ' ')
if [ "${1:-}" = --list ]; then
	[ -z "$missing" ] || echo "$missing"
	exit 0
fi
if [ -z "$missing" ]; then
	echo 'deps: nothing to install, everything is there'
	exit 0
fi
if [ -z "$column" ]; then
	echo "deps: not Debian, Ubuntu or Fedora; install what these hold: $missing" >&2
	exit 1
fi

sudo=''
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	command -v sudo >/dev/null || {
		echo "deps: run as root, or install sudo; packages to install: $missing" >&2
		exit 1
	}
fi
echo "deps: installing $missing"
if [ "$column" = fedora ]; then
	# shellcheck disable=SC2086
	exec $sudo dnf install -y $missing
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { # quietly COMMAND...: shows what it prints only when it fails
	"$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; exit 1; }
}
quietly $sudo apt-get update -qq
available=''
for package in $missing; do
	if apt-cache show "$package" >/dev/null 2>&1; then
		available="$available $package"
	else
		echo "deps: this distribution has no package $package; going on without it" >&2
	fi
done
echo 'deps: this can take some minutes'
# shellcheck disable=SC2086
quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	$available
echo 'deps: done'
