/* SPDX-License-Identifier: MIT
 *
 * Whether AddressSanitizer watches, under which a test takes five times as long: tests of figures,
 * which it says nothing of, and those that repeat what others do under it as well, may then take
 * fewer. */
#ifndef MLABENCH_TESTS_SANITIZED_H
#define MLABENCH_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
