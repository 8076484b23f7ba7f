/* SPDX-License-Identifier: MIT
 *
 * The one thread of the one process. */
#include "calls.h"
#include "console.h"
#include "port.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>

enum { FS_BASE = 0xc0000100 };

int64_t call_arch_prctl(const uint64_t *arguments)
{
    if (arguments[0] != ARCH_SET_FS)
        return -EINVAL;
    register_write(FS_BASE, arguments[1]);
    return 0;
}

/* Nobody waits, and nobody would end a wait. */
int64_t call_futex(const uint64_t *arguments)
{
    int command = (int)arguments[1] & FUTEX_CMD_MASK;
    if (command == FUTEX_WAKE)
        return 0;
    if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    if (*(const uint32_t *)arguments[0] != (uint32_t)arguments[2])
        return -EAGAIN;
    if (!arguments[3])
        give_up("the program waits for another thread, of which there is none");
    return -ETIMEDOUT;
}

int64_t call_exit(const uint64_t *arguments)
{
    console_end((int)arguments[0]);
}
