/* SPDX-License-Identifier: MIT
 *
 * Words of a command line that a shell reads back as they were. */
#include "harness/shell_word.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(shell_word, a_shell_reads_back_what_was_written)
{
    static const char *const words[] = {"plain-1.0/x:y.npy", "with space", "it's",
                                        "$(touch x)`ls`",    "",           "-",
                                        "a;b|c&d\"e\\f",     "~",          "*?"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char command[256] = "printf '<%s>'", found[256] = "", expected[256];
        shell_append(command, sizeof command, words[i]);
        shell_append(command, sizeof command, "end");
        snprintf(expected, sizeof expected, "<%s><end>", words[i]);
        FILE *pipe = popen(command, "r");
        cr_assert(pipe != NULL);
        found[fread(found, 1, sizeof found - 1, pipe)] = 0;
        pclose(pipe);
        cr_assert(!strcmp(found, expected), "%s gives %s", command, found);
    }
}

Test(shell_word, what_does_not_fit_is_left_out_whole)
{
    /* " 'a b'" is 6 characters. */
    char small[6] = "", enough[7] = "";
    shell_append(small, sizeof small, "a b");
    cr_assert_str_eq(small, "");
    shell_append(enough, sizeof enough, "a b");
    cr_assert_str_eq(enough, " 'a b'");
    char plain[4] = "";
    shell_append(plain, sizeof plain, "abc");
    cr_assert_str_eq(plain, "");
    shell_append(plain, sizeof plain, "ab");
    cr_assert_str_eq(plain, " ab");
}
