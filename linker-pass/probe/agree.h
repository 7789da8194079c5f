/* SPDX-License-Identifier: MIT */
/* Whether all places of a probe hand out the same arguments. */
#ifndef PROBE_AGREE_H
#define PROBE_AGREE_H

#include "probe/bind.h"

/*
 * Compares the places of one probe, `n` bound ones that follow each other, whose types came
 * from DWARF. Those whose arguments are made of other words than most have are refused; as
 * many and more mean the same, the first counts. Numbers of other sizes or signs become int64
 * or uint64.
 */
void agree(struct bound_probe *bound, size_t n);

#endif
