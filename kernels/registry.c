/* SPDX-License-Identifier: MIT */
#include "kernels/kernel.h"

#define KERNEL(symbol) extern const struct mla_kernel symbol;
#include "kernels/kernels.def"
#undef KERNEL

static const struct mla_kernel *const table[] = {
#define KERNEL(symbol) &symbol,
#include "kernels/kernels.def"
#undef KERNEL
};

const struct mla_registry *mla_kernels(void)
{
    static const struct mla_registry registry = {
        .abi = MLA_ABI, .count = sizeof table / sizeof table[0], .kernels = table};
    return &registry;
}
