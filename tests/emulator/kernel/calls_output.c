/* SPDX-License-Identifier: MIT
 *
 * Files: there are three, of which two can be written, and they pass for a terminal so that lines
 * come out as they end. */
#include "bytes.h"
#include "calls.h"
#include "console.h"

#include <asm/ioctls.h>
#include <asm/stat.h>
#include <asm/termbits.h>
#include <errno.h>
#include <linux/uio.h>
#include <stddef.h>

enum { STDIN, STDOUT, STDERR };
enum { TERMINAL = 0020600 }; /* a character device's mode */

int64_t call_write(const uint64_t *arguments)
{
    if (arguments[0] != STDOUT && arguments[0] != STDERR)
        return -EBADF;
    console_write((const void *)arguments[1], arguments[2]);
    return (int64_t)arguments[2];
}

int64_t call_writev(const uint64_t *arguments)
{
    const struct iovec *parts = (const struct iovec *)arguments[1];
    int64_t written = 0;
    for (uint64_t i = 0; i < arguments[2]; i++) {
        uint64_t part[] = {arguments[0], (uint64_t)parts[i].iov_base, parts[i].iov_len};
        int64_t result = call_write(part);
        if (result < 0)
            return result;
        written += result;
    }
    return written;
}

static int64_t status_of(uint64_t file, uint64_t to)
{
    if (file > STDERR)
        return -EBADF;
    struct stat *status = (struct stat *)to;
    memset(status, 0, sizeof *status);
    status->st_mode = TERMINAL;
    status->st_nlink = 1;
    status->st_blksize = 1024;
    return 0;
}

int64_t call_fstat(const uint64_t *arguments)
{
    return status_of(arguments[0], arguments[1]);
}

int64_t call_newfstatat(const uint64_t *arguments)
{
    const char *path = (const char *)arguments[1];
    return *path ? -ENOENT : status_of(arguments[0], arguments[2]);
}

int64_t call_ioctl(const uint64_t *arguments)
{
    if (arguments[0] > STDERR)
        return -EBADF;
    if (arguments[1] != TCGETS)
        return -ENOTTY;
    memset((void *)arguments[2], 0, sizeof(struct termios));
    return 0;
}
