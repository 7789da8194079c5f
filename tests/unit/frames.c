/* SPDX-License-Identifier: MIT */
/* The stack checks, frame set-ups, returns and in-place sites are known to patch/frame.c. */
#include <stdio.h>
#include <string.h>

#include "patch/frame.h"

#define CODE(lit) (const uint8_t *)(lit), sizeof(lit) - 1

static int failures;

static void expect(const char *what, size_t got, size_t want)
{
	if (got == want)
		return;
	printf("not ok - %s: %zu instead of %zu\n", what, got, want);
	failures++;
}

static void test_stack_checks(void)
{
	expect("small frame", frame_stack_check(CODE("\x49\x3b\x66\x10\x76\x20")), 6);
	expect("small frame, far", frame_stack_check(CODE("\x49\x3b\x66\x10\x0f\x86\1\2\0\0")), 10);
	expect("system stack", frame_stack_check(CODE("\x49\x3b\x66\x18\x76\x20")), 6);
	expect("large frame",
	       frame_stack_check(CODE("\x4c\x8d\x64\x24\xc8\x4d\x3b\x66\x10\x76\x20")), 11);
	expect("larger frame", frame_stack_check(CODE("\x4c\x8d\xa4\x24\1\xff\xff\xff"
						      "\x4d\x3b\x66\x10\x0f\x86\1\2\0\0")), 18);
	expect("huge frame", frame_stack_check(CODE("\x49\x89\xe4\x49\x81\xec\0\0\2\0\x72\x09"
						    "\x4d\x3b\x66\x10\x76\x20")), 18);
	expect("another field", frame_stack_check(CODE("\x49\x3b\x66\x20\x76\x20")), 0);
	expect("another jump", frame_stack_check(CODE("\x49\x3b\x66\x10\x77\x20")), 0);
	expect("cut short", frame_stack_check(CODE("\x49\x3b\x66\x10")), 0);
}

static void expect_setup(const char *what, const uint8_t *code, size_t len, size_t want,
			 uint32_t want_size)
{
	uint32_t size = 0;

	expect(what, frame_setup(code, len, &size), want);
	if (want)
		expect(what, size, want_size);
}

static void test_setups(void)
{
	expect_setup("push, mov", CODE("\x55\x48\x89\xe5\x90"), 4, 8);
	expect_setup("push, mov, sub", CODE("\x55\x48\x89\xe5\x48\x83\xec\x18"), 8, 32);
	expect_setup("push, mov, far sub", CODE("\x55\x48\x89\xe5\x48\x81\xec\0\1\0\0"), 11, 264);
	expect_setup("frame of 128", CODE("\x55\x48\x89\xe5\x48\x83\xc4\x80"), 8, 136);
	expect_setup("Go 1.20", CODE("\x48\x83\xec\x18\x48\x89\x6c\x24\x10\x48\x8d\x6c\x24\x10"),
		     14, 24);
	expect_setup("Go 1.20, another slot",
		     CODE("\x48\x83\xec\x18\x48\x89\x6c\x24\x08\x48\x8d\x6c\x24\x08"), 0, 0);
	expect_setup("no frame", CODE("\x48\x89\xc3\xc3"), 0, 0);
}

static void expect_return(const char *what, const uint8_t *code, size_t len, size_t want,
			  uint32_t want_size)
{
	uint32_t size = 0;

	expect(what, frame_return(code, 0, len - 1, &size), want);
	expect(what, size, want_size);
}

static void test_returns(void)
{
	expect_return("add, pop, ret", CODE("\x48\x83\xc4\x18\x5d\xc3"), 6, 32);
	expect_return("far add, pop, ret", CODE("\x48\x81\xc4\0\1\0\0\x5d\xc3"), 9, 264);
	expect_return("frame of 128", CODE("\x48\x83\xec\x80\x5d\xc3"), 6, 136);
	expect_return("nop before ret", CODE("\x48\x83\xc4\x18\x5d\x66\x90\xc3"), 8, 32);
	expect_return("pop, ret", CODE("\x90\x5d\xc3"), 2, 8);
	expect_return("Go 1.20", CODE("\x48\x8b\x6c\x24\x10\x48\x83\xc4\x18\xc3"), 10, 24);
	expect_return("Go 1.20, another slot", CODE("\x48\x8b\x6c\x24\x08\x48\x83\xc4\x18\xc3"),
		      1, 0);
	expect_return("bare ret", CODE("\x48\x89\xc3\xc3"), 1, 0);
}

#define SITE "\x90\x66\x2e\x0f\x1f\x84\0\0\0\0\0"
#define SMALL "\x90\x0f\x1f\0"

static void test_sites(void)
{
	expect("site", frame_is_site(CODE(SITE "\x55"), FRAME_SITE), true);
	expect("site, cut short", frame_is_site((const uint8_t *)SITE, 10, FRAME_SITE), false);
	expect("small site", frame_is_site(CODE(SMALL), FRAME_SMALL_SITE), true);
	expect("a small one is no site", frame_is_site(CODE(SMALL "\0\0\0\0\0\0\0"), FRAME_SITE),
	       false);
	expect("a site is no small one", frame_is_site(CODE(SITE), FRAME_SMALL_SITE), false);
	expect("padding of 11", frame_is_site(CODE("\x66\x0f\x1f\x84\0\0\0\0\0\x66\x90"),
					      FRAME_SITE), false);
	expect("nop, padding of 9 and 1", frame_is_site(CODE("\x90\x66\x0f\x1f\x84\0\0\0\0\0\x90"),
							FRAME_SITE), false);
	expect("no other length", frame_is_site(CODE(SITE), 1), false);
}

/* `want` is where the site begins, SIZE_MAX for none. */
static void expect_site(const char *what, const uint8_t *code, size_t len, size_t site,
			size_t want, uint32_t want_depth)
{
	size_t start = SIZE_MAX;
	uint32_t depth = 0;

	expect(what, frame_return_site(code, 0, len - 1, site, &start, &depth), want != SIZE_MAX);
	expect(what, start, want);
	expect(what, depth, want_depth);
	if (want != SIZE_MAX)
		expect(what, frame_starts_return(code + want + site, len - want - site), true);
}

static void test_return_sites(void)
{
	expect_site("add, pop, ret", CODE("\x31\xc0" SITE "\x48\x83\xc4\x18\x5d\xc3"),
		    FRAME_SITE, 2, 32);
	expect_site("far add, pop, ret", CODE(SITE "\x48\x81\xc4\0\1\0\0\x5d\xc3"), FRAME_SITE,
		    0, 264);
	expect_site("padding before ret", CODE(SITE "\x5d\x66\x90\xc3"), FRAME_SITE, 0, 8);
	expect_site("bare ret", CODE("\x31\xc0" SMALL "\xc3"), FRAME_SMALL_SITE, 2, 0);
	expect_site("bare ret, padding", CODE(SMALL "\x90\xc3"), FRAME_SMALL_SITE, 0, 0);
	expect_site("bare ret, long padding", CODE(SMALL "\x0f\x1f\0\xc3"), FRAME_SMALL_SITE, 0,
		    0);
	expect_site("small site, frame", CODE(SMALL "\x48\x83\xc4\x18\x5d\xc3"),
		    FRAME_SMALL_SITE, 0, 32);
	expect_site("large site, bare ret", CODE(SITE "\xc3"), FRAME_SITE, 0, 0);
	expect_site("another instruction between", CODE(SITE "\x31\xc0\x5d\xc3"), FRAME_SITE,
		    SIZE_MAX, 0);
	expect_site("padding only", CODE("\x31\xc0\x0f\x1f\0\xc3"), FRAME_SMALL_SITE, SIZE_MAX,
		    0);
	expect_site("no site", CODE("\x48\x83\xc4\x18\x5d\xc3"), FRAME_SITE, SIZE_MAX, 0);
}

static void test_return_starts(void)
{
	expect("ret", frame_starts_return(CODE("\xc3")), true);
	expect("Go 1.20", frame_starts_return(CODE("\x48\x8b\xac\x24\0\1\0\0"
						   "\x48\x81\xc4\x08\1\0\0\x0f\x1f\0\xc3")),
	       true);
	expect("no ret", frame_starts_return(CODE("\x48\x83\xc4\x18\x5d")), false);
	expect("a move first", frame_starts_return(CODE("\x31\xc0\x5d\xc3")), false);
}

int main(void)
{
	test_stack_checks();
	test_setups();
	test_returns();
	test_sites();
	test_return_sites();
	test_return_starts();
	return failures != 0;
}
