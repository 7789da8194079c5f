#!/bin/bash
# SPDX-License-Identifier: MIT
# needs: bpf
# slow: boots another kernel
# Tracing on the distribution's stock kernel (Debian 12: 6.1, without uprobe_multi), in qemu:
# doctor, a filtered trace of spans, stacks and the flight recorder, against the driver's truth.
. "${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib.sh"
. "$ROOT/tests/trace/live.bash"
need qemu-system-x86_64 busybox cpio apt-get dpkg-deb python3
need_jsonschema
load_build

# The package that the distribution's name for its cloud kernel stands for; a small image.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/goprobes-tests
mkdir -p "$cache"
package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
	sed -nE 's/^ *Depends: (linux-image-[0-9].*)/\1/p' | head -n 1)
[ -n "$package" ] || skip "this distribution has no package linux-image-cloud-amd64"
if [ ! -e "$cache/$package" ]; then
	(mkdir -p deb && cd deb && apt-get download "$package" >../apt.log 2>&1) ||
		skip "$package cannot be downloaded: $(tail -n 1 apt.log)"
	dpkg-deb -x deb/*.deb kernel
	cp kernel/boot/vmlinuz-* "$cache/$package.new" && mv "$cache/$package.new" "$cache/$package"
fi

mkdir -p fs/bin fs/proc fs/sys fs/dev fs/tmp
cp "$(command -v busybox)" "$PROBES" fs/bin
cp load fs
ldd "$PROBES" | grep -o '/[^ ]*' | while read -r library; do
	mkdir -p "fs${library%/*}"
	cp -L "$library" "fs$library"
done
cat >fs/init <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ip link set lo up
say() { echo "BEGIN $1"; cat; echo "END $1"; }
echo; uname -r | say release
probes doctor --json 2>&1 | say doctor
echo | probes trace --spans --json /load 'net_http:server_request*' \
	-f 'status >= 200 && uri ~ "/*"' -- /load -mode http -n 40 -truth /tmp/truth \
	>/tmp/out 2>/tmp/err
grep '^{' /tmp/out | say lines
say errors </tmp/err
say truth </tmp/truth
echo | probes trace --stack /load net_http:server_write_header -n 1 -- /load -mode http -n 1 \
	-truth /dev/null 2>/dev/null | say stack
echo | probes record -o /tmp/trace.json /load 'net_http:server_request*' --no-sched -- \
	/load -mode http -n 40 -truth /dev/null 2>&1 | say record
poweroff -f
END
chmod +x fs/init
(cd fs && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >initrd.gz
timeout 300 qemu-system-x86_64 -m 1024 -nographic -no-reboot -net none -kernel "$cache/$package" \
	-initrd initrd.gz -append 'console=ttyS0 quiet panic=-1 loglevel=0' </dev/null >console 2>&1 ||
	die "the kernel does not boot: $(tail -n 5 console)"

part() { # part NAME: what the machine said under that name
	tr -d '\r' <console | sed -n "/^BEGIN $1\$/,/^END $1\$/p" | sed '1d;$d'
}
echo "| Linux $(part release), $package"
part doctor >doctor.json
python3 -c 'import json; json.load(open("doctor.json"))' || die "doctor: $(cat doctor.json)"
part lines >lines.json
part truth >truth.json
part errors >errors
expect_match errors '^probes: attached to 2 probes at [0-9]+ sites' ' 0 lost'
python3 "$ROOT/tests/trace/trace_check.py" "$ROOT/docs/trace.schema.json" lines.json truth.json \
	1000 # emulated
ok "a filtered trace of spans"
part stack >stack
expect_match stack ' net_http:server_write_header status=[0-9]+$' \
	'^ +main\.[^ ]+ +/.*http\.go:[0-9]+$' \
	'^ +net/http\.\(\*conn\)\.serve '
ok "stacks"
part record >record
expect_match record ' 0 lost' 'wrote /tmp/trace.json'
ok "the flight recorder"
