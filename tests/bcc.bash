# SPDX-License-Identifier: MIT
# What tests with bcc need; after tests/lib.sh. bcc compiles against kernel headers; when the
# running kernel's are not there, those of the distribution do (pt_regs is the same).
# shellcheck shell=bash

# Debian splits the headers in two trees, Ubuntu links them to each other; bcc wants one.
merged_headers() {
	local arch common folder
	common=$(find /usr/src/kernels -mindepth 1 -maxdepth 1 -type d 2>/dev/null |
		sort -V | tail -1)
	if [ -n "$common" ]; then # Fedora: one tree already
		export BCC_KERNEL_SOURCE=$common
		return
	fi
	arch=$(find /usr/src -maxdepth 1 \( -name 'linux-headers-*-amd64' -o \
		-name 'linux-headers-*-generic' \) | sort -V | tail -1)
	common=${arch%-amd64}-common
	[ -d "$common" ] || common=${arch%-generic}
	[ -d "$arch" ] && [ -d "$common" ] || return 1
	for folder in include arch/x86/include; do
		mkdir -p "$TEST_TMP/kernel/$folder"
		ln -sfn "$common/$folder"/* "$arch/$folder"/* "$TEST_TMP/kernel/$folder/"
	done
	export BCC_KERNEL_SOURCE=$TEST_TMP/kernel
}

need_bcc() { # skips where bcc is missing; may set BCC_KERNEL_SOURCE
	/usr/bin/python3 -c 'import bcc' 2>/dev/null ||
		skip 'bcc for Python is not installed (make deps)'
	[ -d "/lib/modules/$(uname -r)/build" ] || [ -e /sys/kernel/kheaders.tar.xz ] ||
		merged_headers || skip 'no kernel headers for bcc (linux-headers-amd64)'
}
