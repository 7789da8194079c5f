/* SPDX-License-Identifier: MIT */
/* CRC-32C. */
#include <string.h>

#include "base/crc.h"

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const uint8_t *at,
							       size_t len)
{
	uint64_t wide = crc, word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; len; len--)
		crc = __builtin_ia32_crc32qi(crc, *at++);
	return crc;
}
#endif

static uint32_t crc_portable(uint32_t crc, const uint8_t *at, size_t len)
{
	for (; len; len--) {
		crc ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc_hardware(~crc, data, len);
#endif
	return ~crc_portable(~crc, data, len);
}
