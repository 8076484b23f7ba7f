/* SPDX-License-Identifier: MIT
 *
 * .npy files: what is written is read back, and files that are not as asked for are refused with
 * what was found and what is accepted. */
#include "harness/npy.h"

#include "tests/cli.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(npy, .init = make_temporary, .fini = remove_temporary, .timeout = 60);

static const struct npy_array wanted = {NPY_FLOAT32, 2, {2, 3}};
static const float numbers[6] = {1.5F, -2, 0x1p-149F, 3e38F, 0, -0.0F};

Test(npy, what_is_written_is_read_back_bit_for_bit)
{
    static const struct npy_array arrays[] = {
        {NPY_FLOAT32, 0, {0}},       {NPY_FLOAT32, 1, {6}},          {NPY_INT32, 2, {2, 3}},
        {NPY_FLOAT64, 3, {3, 1, 1}}, {NPY_FLOAT32, 4, {1, 2, 3, 1}}, {NPY_FLOAT32, 2, {0, 5}},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        struct mla_error error = {""};
        char back[sizeof numbers + 1];
        memset(back, 'x', sizeof back);
        size_t bytes = npy_bytes(&arrays[i]);
        cr_assert(bytes <= sizeof numbers);
        cr_assert(npy_write(folder, "a.npy", &arrays[i], numbers, &error) == 0, "%s",
                  error.message);
        cr_assert(npy_read(folder, "a.npy", &arrays[i], back, &error) == 0, "%s", error.message);
        cr_assert(memcmp(back, numbers, bytes) == 0 && back[bytes] == 'x', "array %zu", i);
    }
}

/* As numpy.save writes it: the elements begin at a multiple of 64 bytes. */
Test(npy, the_file_is_numpys)
{
    static const char header[] = "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, "
                                 "'shape': (2, 3), }";
    struct mla_error error;
    char path[256], bytes[256];
    cr_assert(npy_write(folder, "a.npy", &wanted, numbers, &error) == 0);
    snprintf(path, sizeof path, "%s/a.npy", folder);
    FILE *file = fopen(path, "rb");
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert(length == 128 + sizeof numbers, "%zu bytes", length);
    cr_assert(memcmp(bytes, header, sizeof header - 1) == 0);
    cr_assert(bytes[127] == '\n' && memcmp(bytes + 128, numbers, sizeof numbers) == 0);
}

/* Bytes that pass for a file. */
static void write_bytes(const char *prefix, size_t prefix_length, const char *header,
                        size_t header_length, size_t data_length)
{
    char path[256], data[64] = {0};
    snprintf(path, sizeof path, "%s/a.npy", folder);
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL);
    fwrite(prefix, 1, prefix_length, file);
    fwrite(header, 1, header_length, file);
    fwrite(data, 1, data_length, file);
    fclose(file);
}

static int read_back(struct mla_error *error)
{
    char room[sizeof numbers + 16];
    memset(room, 'x', sizeof room);
    int code = npy_read(folder, "a.npy", &wanted, room, error);
    for (size_t i = sizeof numbers; i < sizeof room; i++)
        cr_assert(room[i] == 'x', "it wrote beyond the end");
    return code;
}

static void refused(const char *what, const char *found, const char *accepted)
{
    struct mla_error error = {""};
    int code = read_back(&error);
    cr_assert(code == MLA_BAD_INPUT, "%s: code %d, %s", what, code, error.message);
    cr_assert(strstr(error.message, "/a.npy: "), "%s: %s", what, error.message);
    cr_assert(strstr(error.message, found), "%s: no '%s' in: %s", what, found, error.message);
    cr_assert(strstr(error.message, accepted), "%s: no '%s' in: %s", what, accepted, error.message);
}

/* Header of version 1.0 or 2.0. */
static void write_header(int version, const char *header, size_t length)
{
    const char prefix[12] = {
        '\x93', 'N', 'U', 'M', 'P', 'Y', (char)version, 0, (char)(length), (char)(length >> 8)};
    write_bytes(prefix, version == 1 ? 10 : 12, header, length, sizeof numbers);
}

Test(npy, headers_in_other_spellings_are_read)
{
    static const char *const headers[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{'descr':'<f4','fortran_order':False,'shape':(2,3)}",
        "{\"shape\": (2, 3,), \"descr\": \"<f4\", \"fortran_order\": False}   \n",
        "  { 'fortran_order' : False , 'shape' : ( 2 , 3 ) , 'descr' : '<f4' , } \n",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        for (int version = 1; version <= 2; version++) {
            struct mla_error error = {""};
            write_header(version, headers[i], strlen(headers[i]));
            cr_assert(read_back(&error) == 0, "%s: %s", headers[i], error.message);
        }
}

Test(npy, malformed_headers_are_refused)
{
    static const struct {
        const char *header, *found, *accepted;
    } table[] = {
        {"", "its end", "a Python dictionary"},
        {"[1, 2]", "'[1, 2]' at byte 0", "a Python dictionary"},
        {"{}", "descr is missing", "descr, fortran_order and shape"},
        {"{'descr': '<f4', 'fortran_order': False}", "shape is missing", "shape"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}", "'>f4' (big-endian)",
         "accepted: '<f4'"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", "'<f8'", "accepted: '<f4'"},
        {"{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3)}", "'=f4'", "accepted: '<f4'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}", "'|O'", "accepted: '<f4'"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}", "'[('a', '<f4')]",
         "a string"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", "fortran_order is True",
         "False"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}", "'0, ", "False"},
        {"{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (2, 3)}", "'hood", "the end"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}", "(3, 2)", "(2, 3)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 1)}", "(2, 3, 1)", "(2, 3)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", "(6,)", "(2, 3)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "()", "(2, 3)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "'}'", "(3,)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 6}", "'6}'", "a tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "'3)}'", "the end"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}", "'-2, 3)}'",
         "a whole number"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3L)}", "'L)}'", "the end"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0x2, 3)}", "'x2, 3)}'", "the end"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 99999999999999999999)}",
         "'99999999999999999999)}'", "63 bits"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, "
         "9223372036854775807)}",
         "(9223372036854775807, 9223372036854775807)", "(2, 3)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 2, 3)}", "'3)}'",
         "at most 4"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", "its end", "the end"},
        {"{'descr': '<f4", "'", "a string of a few letters"},
        {"{'descr': '<f4\\x00', 'fortran_order': False, 'shape': (2, 3)}", "\\x00", "a string"},
        {"{'descr': '<f4444444444444444444444', 'fortran_order': False, 'shape': (2, 3)}", "<f444",
         "a string of a few letters"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", "'descr'",
         "each once"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}", "'more'",
         "the end of a dictionary"},
        {"{'descr': '<f4', 'order': False, 'shape': (2, 3)}", "'order'", "each once"},
        {"{'descr' '<f4', 'fortran_order': False, 'shape': (2, 3)}", "'<f4'", "a colon"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3)}", "'fortran_order'", "the end"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} # {", "'# {'", "spaces"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", "its end", "the end"},
        {"{'\x93\xff", "''?", "a string of a few letters"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (int version = 1; version <= 2; version++) {
            write_header(version, table[i].header, strlen(table[i].header));
            refused(table[i].header, table[i].found, table[i].accepted);
        }
}

Test(npy, files_of_another_make_are_refused)
{
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
    static const struct {
        const char *what, *prefix;
        size_t prefix_length, header_length, data_length;
        const char *found, *accepted;
    } table[] = {
        {"empty", "", 0, 0, 0, "ends after 0 bytes", "8 bytes"},
        {"a bit of magic", "\x93NUM", 4, 0, 0, "ends after 4 bytes", "8 bytes"},
        {"no magic", "PK\3\4aaaaaa", 10, 60, 24, "of another format", "a .npy file"},
        {"version 0.0", "\x93NUMPY\0\0\x3c\0", 10, 60, 24, "0.0", "1.0 or 2.0"},
        {"version 1.1", "\x93NUMPY\1\1\x3c\0", 10, 60, 24, "1.1", "1.0 or 2.0"},
        {"version 3.0", "\x93NUMPY\3\0\x3c\0\0\0", 12, 60, 24, "3.0", "1.0 or 2.0"},
        {"no length", "\x93NUMPY\2\0\x3c\0", 10, 0, 0, "ends after 2 bytes", "4 bytes"},
        {"long header", "\x93NUMPY\1\0\xff\xff", 10, 60, 24, "65535 bytes long", "10000"},
        {"huge header", "\x93NUMPY\2\0\xff\xff\xff\xff", 12, 60, 24, "4294967295 bytes", "10000"},
        {"half a header", "\x93NUMPY\1\0\x3c\0", 10, 30, 0, "ends after 30 bytes", "60 bytes"},
        {"no elements", "\x93NUMPY\1\0\x3c\0", 10, 60, 0, "ends after 0 bytes", "24 bytes"},
        {"too few", "\x93NUMPY\1\0\x3c\0", 10, 60, 23, "ends after 23 bytes", "24 bytes"},
        {"too many", "\x93NUMPY\1\0\x3c\0", 10, 60, 25, "longer", "24 bytes"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        write_bytes(table[i].prefix, table[i].prefix_length, header, table[i].header_length,
                    table[i].data_length);
        refused(table[i].what, table[i].found, table[i].accepted);
    }
}

Test(npy, a_header_with_a_zero_byte_ends_there)
{
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\0 \n";
    write_header(1, header, sizeof header - 1);
    refused("a zero byte", "its end", "spaces up to the end");
}

Test(npy, what_is_no_file_is_refused)
{
    struct mla_error error = {""};
    char path[256];
    cr_assert(read_back(&error) == MLA_MACHINE);
    cr_assert(strstr(error.message, "No such file"), "%s", error.message);
    snprintf(path, sizeof path, "%s/a.npy", folder);
    cr_assert(mkfifo(path, 0600) == 0);
    refused("a pipe", "no regular file", "a .npy file");
}

/* /dev/full takes nothing, like a disk without room. */
Test(npy, a_full_disk_is_named)
{
    struct mla_error error = {""};
    char path[256];
    snprintf(path, sizeof path, "%s/a.npy", folder);
    cr_assert(symlink("/dev/full", path) == 0);
    cr_assert(npy_write(folder, "a.npy", &wanted, numbers, &error) == MLA_MACHINE);
    cr_assert(strstr(error.message, "a.npy: No space left on device"), "%s", error.message);
    cr_assert(access(path, F_OK) != 0, "the file is still there");
}
