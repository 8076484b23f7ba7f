/* SPDX-License-Identifier: MIT */
#include "program.h"
#include "bytes.h"
#include "calls.h"
#include "console.h"
#include "cpu.h"
#include "disk.h"
#include "layout.h"
#include "pages.h"

#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/mman.h>
#include <stdbool.h>
#include <stddef.h>

struct program {
    uint64_t arguments, variables, strings_size; /* as the disk says */
    uint64_t file;                               /* where on the disk the executable begins */
    uint64_t moved_by, entry, end;               /* in memory */
    uint64_t headers, header_count;              /* likewise, for the program itself */
};

static bool begins_with(const char *text, const char *start)
{
    while (*start)
        if (*text++ != *start++)
            return false;
    return true;
}

/* A blank and a number. */
static uint64_t next_number(const char **text)
{
    uint64_t number = 0;
    for (++*text; **text >= '0' && **text <= '9'; ++*text)
        number = number * 10 + (uint64_t)(**text - '0');
    return number;
}

static void read_label(struct program *program)
{
    static const char magic[] = "mlabench-emulator";
    static char label[SECTOR + 1];
    disk_read(0, label, SECTOR);
    if (!begins_with(label, magic))
        give_up("the disk is not one that run.sh made");
    const char *at = label + sizeof magic - 1;
    program->arguments = next_number(&at);
    program->variables = next_number(&at);
    program->strings_size = next_number(&at);
    if (program->strings_size > USER_STACK / 4)
        give_up("too many arguments");
    program->file = SECTOR + (program->strings_size + SECTOR - 1) / SECTOR * SECTOR;
}

static int protection_of(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

static void load_segment(struct program *program, const Elf64_Phdr *segment)
{
    uint64_t at = program->moved_by + segment->p_vaddr, stop = at + segment->p_memsz;
    uint64_t from = at / PAGE * PAGE, to = (stop + PAGE - 1) / PAGE * PAGE;
    if (to < from || to > USER_END - USER_STACK || pages_any_mapped(from, to))
        give_up("the program's segments are where they cannot be");
    pages_map(from, to, PROT_READ | PROT_WRITE);
    disk_read(program->file + segment->p_offset, (void *)at, segment->p_filesz);
    pages_protect(from, to, protection_of(segment->p_flags));
    if (to > program->end)
        program->end = to;
}

static void load(struct program *program)
{
    enum { MOST_HEADERS = 32 };
    static Elf64_Phdr headers[MOST_HEADERS];
    Elf64_Ehdr elf;
    disk_read(program->file, &elf, sizeof elf);
    if (!begins_with((const char *)elf.e_ident, ELFMAG) || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
        elf.e_machine != EM_X86_64 || elf.e_phnum > MOST_HEADERS)
        give_up("the program is not an ELF executable for x86-64");
    disk_read(program->file + elf.e_phoff, headers, elf.e_phnum * sizeof *headers);
    program->moved_by = elf.e_type == ET_DYN ? USER_PIE : 0;
    program->entry = program->moved_by + elf.e_entry;
    program->header_count = elf.e_phnum;
    for (int i = 0; i < elf.e_phnum; i++) {
        const Elf64_Phdr *segment = &headers[i];
        if (segment->p_type == PT_INTERP)
            give_up("the program is not static: link it with -static");
        if (segment->p_type != PT_LOAD)
            continue;
        load_segment(program, segment);
        if (elf.e_phoff - segment->p_offset < segment->p_filesz)
            program->headers =
                program->moved_by + segment->p_vaddr + elf.e_phoff - segment->p_offset;
    }
    brk_init(program->end);
}

/* Writes the addresses of `count` strings one after another, and a NULL. */
static uint64_t *point_at(uint64_t *to, uint64_t count, const char **string)
{
    while (count--) {
        *to++ = (uint64_t)*string;
        while (*(*string)++)
            continue;
    }
    *to++ = 0;
    return to;
}

static uint32_t features(void)
{
    uint32_t leaf = 1, rbx, rcx, rdx;
    __asm__("cpuid" : "+a"(leaf), "=b"(rbx), "=c"(rcx), "=d"(rdx));
    return rdx;
}

/* The stack as the System V ABI has it at a program's start: from the returned address up the
 * argument count, pointers to arguments, to variables, the auxiliary vector; then what they point
 * to. */
static uint64_t fill_stack(const struct program *program)
{
    uint64_t bottom = USER_END - USER_STACK, strings = USER_END - program->strings_size - 8;
    pages_map(bottom, USER_END, PROT_READ | PROT_WRITE);
    disk_read(SECTOR, (void *)strings, program->strings_size);
    uint64_t random = (strings - 16) / 16 * 16;
    random_bytes((void *)random, 16);

    const uint64_t vector[] = {
        AT_PHDR,   program->headers,
        AT_PHENT,  sizeof(Elf64_Phdr),
        AT_PHNUM,  program->header_count,
        AT_PAGESZ, PAGE,
        AT_ENTRY,  program->entry,
        AT_BASE,   0,
        AT_FLAGS,  0,
        AT_UID,    0,
        AT_EUID,   0,
        AT_GID,    0,
        AT_EGID,   0,
        AT_SECURE, 0,
        AT_HWCAP,  features(),
        AT_CLKTCK, 100,
        AT_RANDOM, random,
        AT_EXECFN, strings,
        AT_NULL,   0,
    };
    uint64_t words = 1 + program->arguments + 1 + program->variables + 1;
    uint64_t stack = (random - words * sizeof(uint64_t) - sizeof vector) / 16 * 16;
    uint64_t *to = (uint64_t *)stack;
    const char *string = (const char *)strings;
    *to++ = program->arguments;
    to = point_at(to, program->arguments, &string);
    to = point_at(to, program->variables, &string);
    memcpy(to, vector, sizeof vector);
    return stack;
}

_Noreturn void program_run(void)
{
    static struct program program;
    read_label(&program);
    load(&program);
    const struct registers registers = {
        .rip = program.entry,
        .cs = USER_CODE | 3,
        .flags = 2, /* which is always set */
        .rsp = fill_stack(&program),
        .ss = USER_DATA | 3,
    };
    program_enter(&registers);
}
