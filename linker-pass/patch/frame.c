/* SPDX-License-Identifier: MIT */
/* Byte patterns of Go's stack checks, frame set-ups and returns on amd64. */
#include <string.h>

#include "patch/frame.h"

static bool starts(const uint8_t *code, size_t len, const char *bytes, size_t n)
{
	return len >= n && !memcmp(code, bytes, n);
}

#define STARTS(code, len, lit) starts(code, len, lit, sizeof(lit) - 1)

static uint32_t le32(const uint8_t *code)
{
	uint32_t value;

	memcpy(&value, code, sizeof(value));
	return value; /* the host is little-endian: amd64 */
}

/* A conditional jump with this short opcode, short or near form; its length or 0. */
static size_t jcc(const uint8_t *code, size_t len, uint8_t opcode)
{
	if (len >= 2 && code[0] == opcode)
		return 2;
	if (len >= 6 && code[0] == 0x0f && code[1] == opcode + 0x10)
		return 6;
	return 0;
}

/* [start of frame_stack_check] lea or mov+sub into %r12, for frames over 128 bytes. */
static size_t guard_into_r12(const uint8_t *code, size_t len)
{
	if (STARTS(code, len, "\x4c\x8d\x64\x24"))
		return 5; /* lea -N(%rsp),%r12 */
	if (STARTS(code, len, "\x4c\x8d\xa4\x24"))
		return 8;
	if (STARTS(code, len, "\x49\x89\xe4\x49\x81\xec")) {
		size_t jb = len > 10 ? jcc(code + 10, len - 10, 0x72) : 0;

		return jb ? 10 + jb : 0; /* mov %rsp,%r12 ; sub $N,%r12 ; jb */
	}
	return 0;
}

size_t frame_stack_check(const uint8_t *code, size_t len)
{
	size_t at = guard_into_r12(code, len);
	const char *cmp = at ? "\x4d\x3b\x66" : "\x49\x3b\x66"; /* ?(%r14) with %r12 or %rsp */

	if (at >= len || !starts(code + at, len - at, cmp, 3) || len - at < 4)
		return 0;
	if (code[at + 3] != 0x10 && code[at + 3] != 0x18)
		return 0;
	at += 4;

	size_t jbe = jcc(code + at, len - at, 0x76);

	return jbe ? at + jbe : 0;
}

/* sub $N,%rsp in its three forms; its length or 0. */
static size_t sub_rsp(const uint8_t *code, size_t len, uint32_t *amount)
{
	if (STARTS(code, len, "\x48\x83\xec") && len >= 4 && code[3] < 0x80) {
		*amount = code[3];
		return 4;
	}
	if (STARTS(code, len, "\x48\x81\xec") && len >= 7 && le32(code + 3) < 0x80000000u) {
		*amount = le32(code + 3);
		return 7;
	}
	if (STARTS(code, len, "\x48\x83\xc4\x80")) {
		*amount = 128; /* add $-128,%rsp */
		return 4;
	}
	return 0;
}

/* mov %rbp,M(%rsp) or lea M(%rsp),%rbp or mov M(%rsp),%rbp, by opcode; length or 0. */
static size_t rbp_rsp(const uint8_t *code, size_t len, uint8_t opcode, uint32_t *slot)
{
	if (len < 5 || code[0] != 0x48 || code[1] != opcode || code[3] != 0x24)
		return 0;
	if (code[2] == 0x6c) {
		*slot = code[4];
		return 5;
	}
	if (code[2] == 0xac && len >= 8) {
		*slot = le32(code + 4);
		return 8;
	}
	return 0;
}

size_t frame_setup(const uint8_t *code, size_t len, uint32_t *size_ret)
{
	uint32_t size = 0, slot;

	if (STARTS(code, len, "\x55\x48\x89\xe5")) {
		size_t sub = sub_rsp(code + 4, len - 4, &size);

		*size_ret = size + 8;
		return 4 + sub;
	}

	size_t at = sub_rsp(code, len, &size);
	size_t save = at ? rbp_rsp(code + at, len - at, 0x89, &slot) : 0;

	if (!save || slot + 8 != size)
		return 0;
	at += save;

	size_t lea = rbp_rsp(code + at, len - at, 0x8d, &slot);

	if (!lea || slot + 8 != size)
		return 0;
	*size_ret = size;
	return at + lea;
}

/* Length of the padding of up to 3 bytes of nop that ends at code[end]. */
static size_t nop_before(const uint8_t *code, size_t floor, size_t end)
{
	size_t room = end - floor;

	if (room >= 3 && !memcmp(code + end - 3, "\x0f\x1f\x00", 3))
		return 3;
	if (room >= 2 && !memcmp(code + end - 2, "\x66\x90", 2))
		return 2;
	return room >= 1 && code[end - 1] == 0x90;
}

/* add $N,%rsp (or sub $-128,%rsp) that ends at code[end]; its length or 0. */
static size_t add_rsp_before(const uint8_t *code, size_t floor, size_t end, uint32_t *amount)
{
	size_t room = end - floor;
	const uint8_t *at = code + end;

	if (room >= 7 && !memcmp(at - 7, "\x48\x81\xc4", 3) && le32(at - 4) < 0x80000000u) {
		*amount = le32(at - 4);
		return 7;
	}
	if (room >= 4 && !memcmp(at - 4, "\x48\x83\xc4", 3) && at[-1] < 0x80) {
		*amount = at[-1];
		return 4;
	}
	if (room >= 4 && !memcmp(at - 4, "\x48\x83\xec\x80", 4)) {
		*amount = 128;
		return 4;
	}
	return 0;
}

/* mov M(%rsp),%rbp that ends at code[end], M being `slot`; its length or 0. */
static size_t load_rbp_before(const uint8_t *code, size_t floor, size_t end, uint32_t slot)
{
	uint32_t found;

	for (size_t len = 5; len <= 8; len += 3)
		if (end - floor >= len &&
		    rbp_rsp(code + end - len, len, 0x8b, &found) == len && found == slot)
			return len;
	return 0;
}

/* The return up to its pop or add, for one guess of the padding before the ret. */
static size_t return_before(const uint8_t *code, size_t floor, size_t end, uint32_t *size_ret)
{
	uint32_t size = 0;

	if (end > floor && code[end - 1] == 0x5d) { /* pop %rbp */
		size_t add = add_rsp_before(code, floor, end - 1, &size);

		*size_ret = size + 8;
		return 1 + add;
	}

	size_t add = add_rsp_before(code, floor, end, &size);
	size_t load = add ? load_rbp_before(code, floor, end - add, size - 8) : 0;

	if (!load)
		return 0;
	*size_ret = size;
	return add + load;
}

size_t frame_return(const uint8_t *code, size_t floor, size_t ret, uint32_t *size_ret)
{
	size_t nop = nop_before(code, floor, ret);
	size_t body = return_before(code, floor, ret, size_ret);

	if (body)
		return body + 1;
	body = nop ? return_before(code, floor, ret - nop, size_ret) : 0;
	if (body)
		return body + nop + 1;
	*size_ret = 0;
	return 1;
}

bool frame_is_site(const uint8_t *code, size_t len, size_t site)
{
	if (site == FRAME_SITE)
		return STARTS(code, len, "\x90\x66\x2e\x0f\x1f\x84\0\0\0\0\0");
	return site == FRAME_SMALL_SITE && STARTS(code, len, "\x90\x0f\x1f\0");
}

bool frame_return_site(const uint8_t *code, size_t floor, size_t ret, size_t site,
		       size_t *start_ret, uint32_t *depth_ret)
{
	uint32_t depth;
	size_t body = frame_return(code, floor, ret, &depth) - 1;
	size_t pad = body ? 0 : nop_before(code, floor, ret); /* of a bare ret */

	/* What looks like padding may be the end of the site itself. */
	for (size_t gap = body; gap <= body + pad; gap += pad ? pad : 1) {
		if (ret - floor < gap + site ||
		    !frame_is_site(code + ret - gap - site, site, site))
			continue;
		*start_ret = ret - gap - site;
		*depth_ret = depth;
		return true;
	}
	return false;
}

/* The longest return: add, pop or mov, padding, ret. */
#define MAX_RETURN 19

bool frame_starts_return(const uint8_t *code, size_t len)
{
	uint32_t depth;

	for (size_t ret = 0; ret < len && ret < MAX_RETURN; ret++) {
		if (code[ret] != 0xc3)
			continue;
		if (frame_return(code, 0, ret, &depth) == ret + 1)
			return true;
		if (ret && nop_before(code, 0, ret) == ret)
			return true;
	}
	return false;
}
