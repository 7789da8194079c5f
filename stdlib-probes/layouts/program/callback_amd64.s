// SPDX-License-Identifier: MIT

// A call from C into Go, without cgo.
TEXT ·callback(SB), 0, $0
	CALL runtime·cgocallback(SB)
	RET
