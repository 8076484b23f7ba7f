/* SPDX-License-Identifier: MIT */
#include "harness/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

static void remember(int signal_number)
{
    caught = signal_number;
}

static void handle(void (*handler)(int))
{
    /* Without SA_RESTART: a wait in progress returns at once. */
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_catch(void)
{
    handle(remember);
}

void interrupt_ignore(void)
{
    handle(SIG_IGN);
}

bool interrupted(void)
{
    return caught != 0;
}
