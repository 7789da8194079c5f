/* SPDX-License-Identifier: MIT */
/* The stack checks, frame set-ups and returns of each Go release are known to patch/frame.c. */
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

int main(void)
{
	test_stack_checks();
	test_setups();
	test_returns();
	return failures != 0;
}
