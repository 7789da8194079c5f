/* SPDX-License-Identifier: MIT */
/* How far a mistyped word is from what there is. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

/*
 * Levenshtein's distance: how many letters must be put in, left out or replaced to make one
 * word of the other. INT_MAX when one of them is longer than 63 bytes.
 */
int near_distance(const char *a, const char *b);

#endif
