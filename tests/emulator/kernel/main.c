/* SPDX-License-Identifier: MIT */
#include "console.h"
#include "cpu.h"
#include "frames.h"
#include "pages.h"
#include "program.h"

/* Where start.S goes on. */
_Noreturn void kernel_main(void);

_Noreturn void kernel_main(void)
{
    console_begin();
    cpu_init();
    frames_init();
    pages_init();
    program_run();
}
