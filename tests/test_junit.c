/* SPDX-License-Identifier: MIT
 *
 * JUnit XML: well-formed whatever the texts hold, with the right counts. */
#include "harness/junit.h"

#include "tests/cli.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(junit, .init = make_temporary, .fini = remove_temporary, .timeout = 60);

/* --- a checker of well-formedness, for what these files use of XML --- */

struct xml {
    const unsigned char *at;
    char open[8][32]; /* elements */
    int depth;
    const char *fault; /* NULL: none so far */
};

static void fail(struct xml *xml, const char *fault)
{
    if (!xml->fault)
        xml->fault = fault;
}

/* One character, or a reference to one, of text or an attribute's value. */
static void take_character(struct xml *xml)
{
    unsigned char c = *xml->at++;
    if (c == '&') {
        bool number = xml->at[0] == '#' && isdigit(xml->at[1]);
        int code = number ? atoi((const char *)xml->at + 1) : 0;
        if (code != '\t' && code != '\n' && code != '\r' && code < ' ')
            fail(xml, "a reference to what is not allowed");
        while (*xml->at && *xml->at != ';')
            xml->at++;
        xml->at += *xml->at != 0;
        return;
    }
    if (c == '<' || (c < ' ' && c != '\n' && c != '\t'))
        fail(xml, "a character that is not allowed");
    int more = c < 0x80 ? 0 : c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : -1;
    if (more < 0 || c >= 0xf5 || (c == 0xed && *xml->at >= 0xa0))
        fail(xml, "invalid UTF-8");
    if (c == 0xef && xml->at[0] == 0xbf && xml->at[1] >= 0xbe)
        fail(xml, "not a character");
    for (int i = 0; i < more; i++, xml->at++)
        if ((*xml->at & 0xc0) != 0x80) {
            fail(xml, "invalid UTF-8");
            return;
        }
}

static void take_name(struct xml *xml, char name[32])
{
    int length = 0;
    for (; isalpha(*xml->at) && length < 31; xml->at++)
        name[length++] = (char)*xml->at;
    name[length] = '\0';
    if (length == 0)
        fail(xml, "no name where one is needed");
}

/* Name, attributes, and whether it ends itself; `at` is behind the '<'. */
static void take_start(struct xml *xml)
{
    char *name = xml->open[xml->depth], attribute[32];
    take_name(xml, name);
    while (!xml->fault && *xml->at == ' ') {
        xml->at++;
        take_name(xml, attribute);
        if (xml->at[0] != '=' || xml->at[1] != '"')
            fail(xml, "an attribute without a value");
        xml->at += 2;
        while (!xml->fault && *xml->at != '"')
            take_character(xml);
        xml->at++;
    }
    bool ended = *xml->at == '/';
    xml->at += ended;
    if (*xml->at++ != '>')
        fail(xml, "a tag that does not end");
    if (!ended && ++xml->depth == 8)
        fail(xml, "too deep");
}

static void take_end(struct xml *xml)
{
    char name[32];
    take_name(xml, name);
    if (*xml->at++ != '>' || xml->depth == 0 || strcmp(xml->open[--xml->depth], name) != 0)
        fail(xml, "an end without its start");
}

static void assert_well_formed(const char *text)
{
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    cr_assert(strncmp(text, declaration, sizeof declaration - 1) == 0);
    struct xml xml = {.at = (const unsigned char *)text + sizeof declaration - 1};
    int roots = 0;
    while (*xml.at && !xml.fault) {
        if (xml.depth == 0 && *xml.at != '<' && *xml.at != '\n')
            fail(&xml, "text outside of the root");
        if (*xml.at != '<') {
            take_character(&xml);
        } else if (xml.at[1] == '/') {
            xml.at += 2;
            take_end(&xml);
        } else {
            roots += xml.depth == 0;
            xml.at++;
            take_start(&xml);
        }
    }
    if (xml.depth != 0 || roots != 1)
        fail(&xml, "elements that do not end, or not one root");
    cr_assert(!xml.fault, "%s, before:\n%.80s\nin:\n%s", xml.fault, (const char *)xml.at, text);
}

static void read_text(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "no %s", path);
    output[fread(output, 1, sizeof output - 1, file)] = 0;
    fclose(file);
}

static void expect_text(const char *text)
{
    cr_assert(strstr(output, text), "no '%s' in:\n%s", text, output);
}

/* --- what is written of a tally --- */

static const char *names[] = {"right", "a<b>&\"c'"};
static struct catalogue catalogue = {.names = names, .count = 2};

static void open_tally(struct tally *tally)
{
    struct mla_error error;
    cr_assert(tally_create(tally, &catalogue, &error) == 0);
    tally->keeps_outcomes = true;
}

/* Writes it, reads it into `output`, and looks whether it is well-formed. */
static void write_tally(struct tally *tally)
{
    char path[256];
    struct mla_error error = {""};
    json_t *context =
        json_pack("{s:s, s:{s:s, s:i, s:s, s:[]}}", "host_name", "h<o>st", "mlabench", "cpu",
                  "A \"fast\" one", "seed", 7, "started", "2026-01-02T03:04:05+0000", "suite");
    snprintf(path, sizeof path, "%s/new/folder/j.xml", folder);
    int code = junit_write(path, "mlabench <gate>", tally, &catalogue, context, &error);
    cr_assert(code == 0, "%s", error.message);
    read_text("new/folder/j.xml");
    assert_well_formed(output);
    json_decref(context);
    tally_destroy(tally);
}

Test(junit, a_tally_without_outcomes_is_a_file)
{
    struct tally tally;
    open_tally(&tally);
    write_tally(&tally);
    expect_text(
        "<testsuites name=\"mlabench &#60;gate&#62;\" tests=\"0\" failures=\"0\" errors=\"0\" "
        "skipped=\"0\" time=\"0.000000\">");
}

Test(junit, every_case_is_there_kernel_by_kernel)
{
    struct tally tally;
    open_tally(&tally);
    tally_fail(&tally, 1, "one", &(struct failure){"random", "o is 1", "mlabench verify", 0.5});
    tally_pass(&tally, 0, "one", 0.1, 0.25);
    tally_skip(&tally, 1, "two", "no room");
    tally_pass(&tally, 0, "two", 0.1, 1);
    write_tally(&tally);
    expect_text("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.750000\"");
    expect_text("<testsuite name=\"right\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\" "
                "time=\"1.250000\" timestamp=\"2026-01-02T03:04:05\" hostname=\"h&#60;o&#62;st\">");
    expect_text("<property name=\"seed\" value=\"7\"/>");
    expect_text("<property name=\"cpu\" value=\"A &#34;fast&#34; one\"/>");
    expect_text("<testcase classname=\"mlabench.right\" name=\"one\" time=\"0.250000\"/>");
    expect_text("<testcase classname=\"mlabench.a&#60;b&#62;&#38;&#34;c&#39;\" name=\"one\" "
                "time=\"0.500000\">\n      <failure message=\"random: o is 1\" type=\"random\">"
                "random: o is 1\nagain with: mlabench verify\n</failure>");
    expect_text("<skipped message=\"no room\"/>");
}

/* Of a case that was interrupted, what it had measured stands; a certificate is one testcase. */
Test(junit, outcomes_of_one_case_are_one_testcase)
{
    struct tally tally;
    open_tally(&tally);
    tally_pass(&tally, 0, "one", 0.1, 1);
    tally_fail(&tally, 1, "one", &(struct failure){"certificate:a", "first", "x", 2});
    tally_fail(&tally, 1, "one", &(struct failure){"certificate:b", "second", "y", 2});
    tally_skip(&tally, 0, "one", "interrupted");
    tally_skip(&tally, 1, "one", "interrupted");
    write_tally(&tally);
    expect_text("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"3.000000\"");
    expect_text("message=\"certificate:a: first (and 1 more)\" type=\"certificate:a\"");
    expect_text("certificate:b: second\nagain with: y\n");
}

Test(junit, hostile_texts_do_no_harm)
{
    static const char *const texts[] = {
        "</failure><script>&amp;]]>",
        "\"'<>&",
        "\x01\x02\x1b[31m\x7f\r\n\t",
        "\xff\xfe\x80 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82",
        "\xef\xbf\xbe \xef\xbf\xbf \xf8\x88\x80\x80\x80 \xc3",
        "r\xc3\xa9ussi \xe2\x82\xac \xf0\x9f\x98\x80",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tally tally;
        open_tally(&tally);
        tally_fail(&tally, 1, texts[i], &(struct failure){texts[i], texts[i], texts[i], 0});
        tally_skip(&tally, 0, texts[i], texts[i]);
        write_tally(&tally);
    }
    struct tally tally;
    open_tally(&tally);
    tally_skip(&tally, 0, "caf\xc3\xa9 \xe9 \xf0\x9f\x98\x80", "a\nb\x02");
    write_tally(&tally);
    expect_text("name=\"caf\xc3\xa9 \xef\xbf\xbd \xf0\x9f\x98\x80\"");
    expect_text("message=\"a&#10;b\xef\xbf\xbd\"");
}

Test(junit, a_failure_without_a_command_has_none)
{
    struct tally tally;
    open_tally(&tally);
    tally_fail(&tally, 0, "one", &(struct failure){.check = "slower", .reason = "20 %"});
    write_tally(&tally);
    expect_text("type=\"slower\">slower: 20 %\n</failure>");
    cr_assert(!strstr(output, "again with") && !strstr(output, "\"suite\""), "%s", output);
}

/* The message's end may fall into a character. */
Test(junit, long_texts_are_cut_whole)
{
    struct tally tally;
    char text[2001];
    for (int i = 0; i < 2000; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[2000] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        open_tally(&tally);
        tally_fail(&tally, 0, "one", &(struct failure){shift ? "ab" : "a", text, text, 0});
        write_tally(&tally);
    }
}

/* --- the command --- */

Test(junit, verify_writes_it)
{
    EXPECT(0, "verify -q --model tiny --cached 9,17 --kernel absorbed,naive --junit @/j.xml",
           "4 passed");
    read_text("j.xml");
    assert_well_formed(output);
    expect_text("tests=\"4\" failures=\"0\"");
    expect_text("<testsuites name=\"mlabench verify\" tests");
    expect_text("<testsuite name=\"naive\" tests=\"2\"");
    expect_text("name=\"tiny/decode/cached:17/new:1/batch:1/threads:1/fp32\"");
    expect_text("<property name=\"suite\" value=\"by-hand\"/>");
    EXPECT(1,
           "verify -q --plugin #/tests/plugins/wrong.so --kernel wrong --model tiny --cached 9 "
           "--junit @/j.xml",
           "FAIL  wrong");
    read_text("j.xml");
    assert_well_formed(output);
    expect_text("<failure message=\"random: lse is ");
    expect_text("--kernel wrong --model tiny --cached 9 ");
}

Test(junit, gate_writes_it)
{
    write_file("short.json",
               "{\"summary\": \"short\", \"time_limit_s\": 60, \"repetition_ms\": 0.2,"
               "\"kernel_time_limit_s\": 1, \"repetitions\": 10, \"cases\": [{"
               "\"models\": [\"tiny\"], \"cached\": [9], \"threads\": [1],"
               "\"kernels\": [\"naive\", \"absorbed\"]}]}");
    cr_assert(setenv("MLABENCH_CHANGE", "larger:64", 1) == 0);
    EXPECT(3,
           "gate -q --base #/tests/plugins/unchanged.so --head #/tests/plugins/changed.so "
           "--suite @/short.json --junit @/g.xml",
           "2 with a larger cache");
    read_text("g.xml");
    assert_well_formed(output);
    expect_text("<testsuites name=\"mlabench gate\" tests=\"2\" failures=\"2\"");
    expect_text("<failure message=\"cache bytes: ");
    expect_text("<property name=\"suite\" value=\"short\"/>");
    cr_assert(setenv("MLABENCH_CHANGE", "wrong", 1) == 0);
    EXPECT(1,
           "gate -q --base #/tests/plugins/unchanged.so --head #/tests/plugins/changed.so "
           "--suite @/short.json --junit @/g.xml",
           "2 broken");
    read_text("g.xml");
    expect_text("<failure message=\"verification: ");
}

Test(junit, a_file_that_cannot_be_is_refused_before_the_run)
{
    char path[256];
    write_file("file", "");
    EXPECT(4, "verify -q --model tiny --cached 9 --junit @/file/j.xml", "/file");
    cr_assert(!strstr(output, "pass"), "it ran:\n%s", output);
    EXPECT(4, "verify -q --model tiny --cached 9 --junit @", "it is a folder");
    EXPECT(2, "verify -q --model tiny --cached 9 --junit ''", "not a usable file name");
    snprintf(path, sizeof path, "%s/j.xml.part", folder);
    cr_assert(mkdir(path, 0700) == 0);
    EXPECT(4, "verify -q --model tiny --cached 9 --junit @/j.xml", "j.xml.part: Is a directory");
}

/* The verdict is printed all the same, and the file from before is as it was. */
Test(junit, a_disk_that_fills_up_is_told_at_the_end)
{
    struct tally tally;
    struct mla_error error = {""};
    char path[256], part[256];
    open_tally(&tally);
    tally_pass(&tally, 0, "one", 0.1, 1);
    write_file("j.xml", "before");
    snprintf(path, sizeof path, "%s/j.xml", folder);
    snprintf(part, sizeof part, "%s/j.xml.part", folder);
    cr_assert(symlink("/dev/full", part) == 0);
    cr_assert(junit_write(path, "t", &tally, &catalogue, NULL, &error) == MLA_MACHINE);
    cr_assert(strstr(error.message, "j.xml: No space left on device"), "%s", error.message);
    read_text("j.xml");
    cr_assert(strcmp(output, "before") == 0);
    tally_destroy(&tally);
}
