/* SPDX-License-Identifier: MIT */
/*
 * What the BPF program (tracer/events.bpf.c) and the tracer say to each other. Included by
 * both; every struct has the same layout in both, without hidden padding.
 */
#ifndef TRACER_EVENT_H
#define TRACER_EVENT_H

#define WIRE_WORDS 12     /* of a probe: libbpf's limit, and ours */
#define WIRE_TEXTS 5      /* strings of one probe that are read */
#define WIRE_ERROR_TEXT 0x80 /* of text_at: the word is an error's */
#define WIRE_ERRORS 8     /* method tables of errors whose text is known to lie first in them */
#define WIRE_DEPTH 32     /* spans of one kind that one goroutine can have open */
#define WIRE_FRAMES 64    /* return addresses of a stack */
#define WIRE_STEPS 24     /* of a condition */
#define WIRE_PREFIX 6     /* words of 8 bytes that a text is compared with at its start, */
#define WIRE_SUFFIX 2     /* and at its end */

typedef unsigned char wire_u8;
typedef unsigned short wire_u16;
typedef unsigned int wire_u32;
typedef unsigned long long wire_u64;

enum wire_operand_kind { WIRE_CONST, WIRE_REG, WIRE_MEM, WIRE_UNKNOWN };

struct wire_operand {
	wire_u64 value; /* the constant, or what is added to the register */
	wire_u8 kind;   /* enum wire_operand_kind */
	wire_u8 reg;    /* number of the instruction set: 0 rax ... 15 r15 */
	wire_u8 size;   /* bytes */
	wire_u8 is_signed;
	wire_u32 unused;
};

enum wire_role { WIRE_EVENT, WIRE_START, WIRE_END };

/* One site; the cookie of its uprobe is its index. */
struct wire_site {
	wire_u32 pair;       /* START and END of one pair have the same; from 1 */
	wire_u32 filter;     /* index of a condition, or 0 for none */
	wire_u32 trigger;    /* of the flight recorder; the same */
	wire_u32 unused0;
	wire_u8 role;        /* enum wire_role */
	wire_u8 key;         /* of a pair: word by which an end finds its start, or WIRE_BY_... */
	wire_u8 nwords;
	wire_u8 ntexts;
	wire_u8 text_at[WIRE_TEXTS]; /* word of the pointer, its length is the next; or
				      * word | WIRE_ERROR_TEXT */
	wire_u8 at_entry;    /* the frame is not made yet: the caller is at (%rsp) */
	wire_u8 ends_frame;  /* of an end: its function's frame stands, and the pair's starts are
			      * at entries: a start with more of the stack in use is not its own */
	wire_u8 unused;
	wire_u64 pc;         /* address in the file, to tell where that is loaded */
	wire_u64 errors[WIRE_ERRORS]; /* by addresses in the file; 0 = no more */
	struct wire_operand words[WIRE_WORDS];
};

#define WIRE_BY_PROCESS 255 /* one span of this pair in a process at a time */
#define WIRE_BY_G 254       /* Go, without the goroutine's id among the words */
#define WIRE_BY_THREAD 253  /* not Go */

enum wire_op {
	WIRE_COMPARE, /* pushes: number at `off` <cmp> value */
	WIRE_TEXT,    /* pushes: the text in the slot at `off` starts and ends as `words` say,
		       * under their masks, and its length <cmp> value; one that was cut does */
	WIRE_AND, WIRE_OR, WIRE_NOT, /* pop, push */
};

enum wire_cmp { WIRE_LT = 1, WIRE_EQ = 2, WIRE_GT = 4 }; /* bits: any of them */

/* One step of a condition in postfix order; `off` counts from the record's beginning. */
struct wire_step {
	wire_u8 op, cmp;
	wire_u8 size;        /* bytes of the number: 1, 2, 4, 8 */
	wire_u8 is_signed;
	wire_u32 off;        /* of the number, or of the text's slot */
	wire_u32 len_off;    /* of the text's length, 8 bytes */
	wire_u32 suffix_len;
	wire_u32 bad_off;    /* of bad_words or bad_texts, 0 = none: where `bit` of it is set, */
	wire_u32 bit;        /* the step does not hold */
	wire_u64 value;
	wire_u64 words[WIRE_PREFIX + WIRE_SUFFIX], masks[WIRE_PREFIX + WIRE_SUFFIX];
};

struct wire_condition {
	wire_u32 nsteps, zero;
	struct wire_step steps[WIRE_STEPS];
};

/* What one probe hit says; its texts stand apart, one slot each. */
struct wire_hit {
	wire_u64 time;       /* ns of CLOCK_MONOTONIC */
	wire_u32 site;
	wire_u16 bad_words;  /* bits of words that could not be read */
	wire_u16 bad_texts;  /* bits of texts that could not be read */
	wire_u16 error_texts; /* bits of errors' texts that were found: the word behind the
			       * error's first is the text's length then */
	wire_u16 unused[3];
	wire_u64 moved;      /* address in the process less that in the file */
	wire_u64 words[WIRE_WORDS];
};

/* A start that waits for its end; its texts stand behind it. */
struct wire_open {
	wire_u64 below;      /* bytes of the goroutine's stack in use at the start */
	wire_u32 inner;      /* of the outermost: how many are open inside it */
	wire_u32 tgid, tid, unused;
	struct wire_hit hit;
};

/* By which an end finds it. */
struct wire_key {
	wire_u64 id;         /* goroutine, or what the pair has instead */
	wire_u32 tgid;
	wire_u16 pair, depth;
};

/*
 * One record of the ring: this head, then `end_slots` and `start_slots` text slots of
 * `slot_bytes` each (the program's read-only data), then the stack. Records of sites without
 * text, when no stack is wanted and no span, end after the head.
 */
struct wire_record {
	wire_u64 sequence;   /* flight recorder: 2n + 1 while the n-th is written, then 2n + 2 */
	wire_u64 duration;   /* of a span, ns */
	wire_u32 tgid, tid;  /* as the tracer's pid namespace has them */
	wire_u32 is_span;    /* whether `start` holds anything */
	wire_u32 nframes;    /* bytes of the stack / 8 */
	wire_u64 caller;     /* return address at (%rsp), of sites at an entry; or 0 */
	struct wire_hit hit;
	struct wire_hit start;
};

#endif
