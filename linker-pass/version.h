/* SPDX-License-Identifier: MIT */
/* The release this is. */
#ifndef VERSION_H
#define VERSION_H

#define PROBES_VERSION "0.1.0"

#endif
