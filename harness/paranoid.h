/* SPDX-License-Identifier: MIT
 *
 * kernel.perf_event_paranoid, by which Linux keeps users from counting: up to 2 they may count what
 * their own processes do in user mode, up to 1 also in the kernel. Some distributions add 3: not at
 * all. */
#ifndef MLABENCH_PARANOID_H
#define MLABENCH_PARANOID_H

/* The end of a reason: the setting that would allow what takes `most` or less, if it is higher; ""
 * if it is not, or not known. Static. */
const char *paranoid_cure(int most);

#endif
