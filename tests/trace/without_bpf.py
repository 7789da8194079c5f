# SPDX-License-Identifier: MIT
"""without_bpf.py COMMAND...: runs a command for which a seccomp filter refuses bpf(2)."""
import ctypes
import os
import struct
import sys

# load the number of the system call; 321 (bpf of amd64) gets EPERM; all others pass
CODE = ((0x20, 0, 0, 0), (0x15, 0, 1, 321), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000))

program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in CODE))
filter_of = struct.pack("HxxxxxxQ", len(CODE), ctypes.addressof(program))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_of, 0, 0):
    sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
