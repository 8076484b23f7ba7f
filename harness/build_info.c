/* SPDX-License-Identifier: MIT */
#include "harness/build_info.h"

const char *const build_version = BUILD_VERSION;
const char *const build_commit = BUILD_COMMIT;
const bool build_dirty = BUILD_DIRTY;
#ifdef __clang__
const char *const build_compiler = "clang " __clang_version__;
#else
const char *const build_compiler = "gcc " __VERSION__;
#endif
const char *const build_flags = BUILD_FLAGS;
