/* SPDX-License-Identifier: MIT
 *
 * The assembler takes the files in, so that nothing has to turn them into C. Paths are from the
 * top of the tree, where make runs. */
#include "harness/page_assets.h"

/* A text of the symbol `name`: the file's bytes and a 0. */
#define TAKE_IN(name, path)                          \
    __asm__(".section .rodata\n"                     \
            ".global " #name "\n"                    \
            ".type " #name ", %object\n" #name ":\n" \
            ".incbin \"" path "\"\n"                 \
            ".byte 0\n"                              \
            ".size " #name ", . - " #name "\n"       \
            ".previous\n")

TAKE_IN(page_style, "scripts/report/report.css");
TAKE_IN(page_script, "scripts/report/report.js");
