/* SPDX-License-Identifier: MIT */
/* Stacks as people and programs read them. */
#include <string.h>

#include "tracer/symbolise.h"

#define WIDEST 50 /* column of functions; longer names push their file to the right */

static int func_width(const struct symplace *const *places, size_t n)
{
	size_t widest = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < places[i]->nframes; j++) {
			size_t len = strlen(places[i]->frames[j].func);

			widest = len > widest ? len : widest;
		}
	return widest > WIDEST ? WIDEST : (int)widest;
}

void symplaces_put_text(struct buf *out, const struct symplace *const *places, size_t n)
{
	int width = func_width(places, n);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < places[i]->nframes; j++) {
			const struct symframe *frame = &places[i]->frames[j];

			if (*frame->file)
				buf_printf(out, "    %-*s  %s:%u\n", width, frame->func,
					   frame->file, frame->line);
			else
				buf_printf(out, "    %s\n", frame->func);
		}
	if (!n)
		buf_printf(out, "    [no stack]\n");
}

void symstack_put_text(struct buf *out, const struct symstack *stack)
{
	symplaces_put_text(out, stack->places, stack->nplaces);
}

static void put_frame(struct buf *out, const struct symframe *frame)
{
	buf_printf(out, "{\"func\":");
	value_put_json_string(out, frame->func, strlen(frame->func));
	if (*frame->file) {
		buf_printf(out, ",\"file\":");
		value_put_json_string(out, frame->file, strlen(frame->file));
	}
	if (frame->line)
		buf_printf(out, ",\"line\":%u", frame->line);
	buf_u8(out, '}');
}

void symstack_put_json(struct buf *out, const struct symstack *stack)
{
	const char *between = "";

	buf_u8(out, '[');
	for (size_t i = 0; i < stack->nplaces; i++)
		for (size_t j = 0; j < stack->places[i]->nframes; j++, between = ",") {
			buf_printf(out, "%s", between);
			put_frame(out, &stack->places[i]->frames[j]);
		}
	buf_u8(out, ']');
}
