/* SPDX-License-Identifier: MIT */
/* What gotlssnoop.bpf.c hands to gotlssnoop.c. */
#ifndef GOTLSSNOOP_H
#define GOTLSSNOOP_H

#include "bpf-scripts/common_event.h"

#define FLAG_ERRORS 1 /* only handshakes that failed */

struct handshake {
	struct head head;    /* kind: 1 the client's side, 0 the server's; time as elsewhere */
	__u64 duration;      /* ns */
	__u64 failed;
	__u64 version, cipher, resumed; /* 0 when nothing was negotiated */
	__u64 alert;         /* that was sent; 256 for none */
	TEXT(64) sni;
	TEXT(16) alpn;
	TEXT(128) error;
};

#endif
