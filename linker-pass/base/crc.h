/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the SSE 4.2 instruction where there is one. */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` over len bytes; start with 0. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
