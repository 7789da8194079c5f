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

#endif
