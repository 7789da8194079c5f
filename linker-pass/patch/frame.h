/* SPDX-License-Identifier: MIT */
/*
 * The shapes that Go's assembler gives to the stack check, the frame set-up and the return
 * of a function on amd64 (src/cmd/internal/obj/x86/obj6.go, Go 1.18 to 1.27).
 *
 *   stack check            cmp 0x10(%r14),%rsp ; jbe           (0x18 on the system stack)
 *                          lea -N(%rsp),%r12 ; cmp 0x10(%r14),%r12 ; jbe
 *                          mov %rsp,%r12 ; sub $N,%r12 ; jb ; cmp 0x10(%r14),%r12 ; jbe
 *   frame, Go >= 1.21      push %rbp ; mov %rsp,%rbp [; sub $N,%rsp | add $-128,%rsp]
 *   frame, Go <= 1.20      sub $N,%rsp ; mov %rbp,M(%rsp) ; lea M(%rsp),%rbp
 *   return, Go >= 1.21     [add $N,%rsp | sub $-128,%rsp ;] pop %rbp [; nop] ; ret
 *   return, Go <= 1.20     mov M(%rsp),%rbp ; add $N,%rsp [; nop] ; ret
 *
 * A toolchain with our patch (linker-pass/toolchain) leaves nops, the in-place sites, between
 * the stack check and the frame set-up, and before each return:
 *
 *   with a stack check     90 66 2e 0f 1f 84 00 00 00 00 00
 *   without one            90 0f 1f 00
 *
 * No code of an unpatched one has them there: the assembler's own padding (src/cmd/internal/
 * obj/x86/asm6.go, fillnop) has no nop of 10 bytes; it begins no function and, in front of a
 * return's first instruction, which no loop begins with, is at most the one byte that keeps a
 * bare ret from ending a block of 32.
 */
#ifndef PATCH_FRAME_H
#define PATCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the stack check at the start of code, 0 when there is none. */
size_t frame_stack_check(const uint8_t *code, size_t len);

/* Length of the frame set-up at the start of code, 0 when there is none. *size_ret is how
 * far it moves the stack pointer down, in bytes (saved %rbp included). */
size_t frame_setup(const uint8_t *code, size_t len, uint32_t *size_ret);

/*
 * Length of the return sequence that ends with the `ret` at code[ret] and begins after
 * `floor`; at least 1, the ret alone. *size_ret is how far it moves the stack pointer up
 * before the ret.
 */
size_t frame_return(const uint8_t *code, size_t floor, size_t ret, uint32_t *size_ret);

/* Lengths of in-place sites; their first byte is a nop by itself. */
#define FRAME_SITE 11
#define FRAME_SMALL_SITE 4

/* Whether code starts with the in-place site of this length. */
bool frame_is_site(const uint8_t *code, size_t len, size_t site);

/*
 * Where the in-place site of length `site` begins that belongs to the return which ends with
 * the `ret` at code[ret], all of it after `floor`. False when there is none. *depth_ret is
 * how far the return moves the stack pointer up.
 */
bool frame_return_site(const uint8_t *code, size_t floor, size_t ret, size_t site,
		       size_t *start_ret, uint32_t *depth_ret);

/* Whether a return is all that code[0] up to a ret is: what must stand behind its site. */
bool frame_starts_return(const uint8_t *code, size_t len);

#endif
