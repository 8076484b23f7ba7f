/* SPDX-License-Identifier: MIT
 *
 * What this program was built from, and how. */
#ifndef MLABENCH_BUILD_INFO_H
#define MLABENCH_BUILD_INFO_H

#include <stdbool.h>

extern const char *const build_version;
extern const char *const build_commit; /* "unknown" where neither git nor a release tarball says */
extern const bool build_dirty;         /* whether the sources differed from the commit */
extern const char *const build_compiler;
extern const char *const build_flags;

#endif
