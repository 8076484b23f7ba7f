/* SPDX-License-Identifier: MIT
 *
 * Failures that are saved and replayed: the same failure for the same kernel, a pass for a right
 * one, and words for a folder that somebody has changed. */
#include "tests/cli.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(replay, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

#define WRONG "--plugin #/tests/plugins/wrong.so "

/* Runs with the arguments behind `before`, and gives the failures that --json prints. A new
 * reference. */
static json_t *failures(const char *arguments)
{
    char command[1024];
    snprintf(command, sizeof command, "verify -q --json " WRONG "%s", arguments);
    int code = mlabench(command);
    cr_assert(code == 1, "'%s' exits with %d:\n%s", command, code, output);
    const char *json = strstr(output, "\n{\n"); /* between what is printed on stderr */
    cr_assert(json != NULL, "no JSON in:\n%s", output);
    json_t *root = json_loads(json, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *list = json_incref(json_object_get(root, "failures"));
    json_decref(root);
    cr_assert(json_array_size(list) > 0);
    return list;
}

/* Names in a folder below the temporary one; the last of them is left in `last`. */
static int count_entries(const char *below, char last[256])
{
    char path[512];
    struct dirent **entries;
    snprintf(path, sizeof path, "%s/%s", folder, below);
    int count = scandir(path, &entries, NULL, alphasort);
    cr_assert(count >= 2, "no %s", path);
    snprintf(last, 256, "%s", entries[count - 1]->d_name);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return count - 2; /* the folder itself and the one above */
}

static void expect_same(const json_t *first, const json_t *again)
{
    static const char *const keys[] = {"name", "kernel", "check", "reason", "error"};
    cr_assert(json_array_size(first) == json_array_size(again));
    for (size_t i = 0; i < json_array_size(first); i++)
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            json_t *one = json_object_get(json_array_get(first, i), keys[k]);
            json_t *other = json_object_get(json_array_get(again, i), keys[k]);
            cr_assert((!one && !other) || json_equal(one, other), "%s differs: %s, then %s",
                      keys[k], json_dumps(one, JSON_ENCODE_ANY),
                      json_dumps(other, JSON_ENCODE_ANY));
        }
}

/* Saves the one failure of a case, and replays it with the wrong kernel and with a right one. */
static void save_and_replay(const char *arguments)
{
    char command[768], name[256];
    snprintf(command, sizeof command, "--kernel wrong %s --save-failure @/saved", arguments);
    json_t *first = failures(command);
    cr_assert(count_entries("saved", name) == 1, "%s", name);
    snprintf(command, sizeof command, "--replay @/saved/%s", name);
    json_t *again = failures(command);
    expect_same(first, again);
    snprintf(command, sizeof command, "verify -q --kernel absorbed --replay @/saved/%s", name);
    EXPECT(0, command, "pass  absorbed", "1 passed, 0 failed");
    json_decref(first);
    json_decref(again);
}

/* The command that a failure names shows it again, whatever the case. */
Test(replay, the_command_of_a_failure_shows_it_again)
{
    static const char *const cases[] = {
        "--kernel wrong --model tiny --cached 9 --new 2 --seed 5",
        "--kernel wrong --model tiny --cached 40 --batch 3 --ragged --page-size 16 --sinks",
        "--kernel wrong --model tiny --cached 40 --top-k 7 --inputs one-hot --threads 2",
        "--kernel wrong --model tiny --cached 9 --new 2 --certificate",
        "--kernel wrong --model tiny --cached 3 --layer",
        "--kernel wrong --random 3 --seed 100",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *first = failures(cases[i]);
        const json_t *failure = json_array_get(first, 0);
        const char *command = json_string_value(json_object_get(failure, "reproduce"));
        const char *reason = json_string_value(json_object_get(failure, "reason"));
        cr_assert(strncmp(command, "mlabench ", 9) == 0, "%s", command);
        cr_assert(strstr(command, "wrong.so"), "%s", command);
        cr_assert(mlabench(command + 9) == 1, "'%s' says:\n%s", command, output);
        cr_assert(strstr(output, reason), "'%s' does not say '%s':\n%s", command, reason, output);
        json_decref(first);
    }
}

Test(replay, a_plain_case)
{
    char name[256];
    save_and_replay("--model tiny --cached 9 --new 2 --seed 3");
    cr_assert(count_entries("saved/tiny_mtp_cached-9_new-2_batch-1_threads-1_fp32_wrong", name) ==
              6);
}

Test(replay, a_case_with_everything)
{
    save_and_replay("--model tiny --cached 70 --new 3 --batch 3 --ragged --sinks --top-k 20 "
                    "--page-size 16 --inputs max-first");
}

Test(replay, a_layer)
{
    save_and_replay("--model tiny --cached 5 --new 2 --layer");
}

Test(replay, a_certificate)
{
    save_and_replay("--model tiny --cached 9 --new 2 --certificate");
}

Test(replay, a_model_of_ones_own)
{
    write_file("config.json",
               "{\"hidden_size\": 40, \"num_hidden_layers\": 1, \"num_attention_heads\": 3, "
               "\"q_lora_rank\": null, \"kv_lora_rank\": 7, \"qk_nope_head_dim\": 5, "
               "\"qk_rope_head_dim\": 2, \"v_head_dim\": 3, \"max_position_embeddings\": 64, "
               "\"rope_theta\": 10000.0}");
    save_and_replay("--model @/config.json --cached 4 --new 1");
}

/* What is on the disk counts, not what the seed would give. */
Test(replay, the_inputs_are_those_of_the_files)
{
    char path[512], name[256];
    json_t *first = failures("--kernel wrong --model tiny --cached 9 --save-failure @/saved");
    cr_assert(count_entries("saved", name) == 1);
    snprintf(path, sizeof path, "%s/saved/%s/q.npy", folder, name);
    FILE *file = fopen(path, "r+");
    cr_assert(file != NULL && fseek(file, 128, SEEK_SET) == 0);
    const float other = 77;
    fwrite(&other, sizeof other, 1, file);
    fclose(file);
    snprintf(path, sizeof path, "--replay @/saved/%s", name);
    json_t *again = failures(path);
    cr_assert(!json_equal(json_object_get(json_array_get(first, 0), "reason"),
                          json_object_get(json_array_get(again, 0), "reason")));
    snprintf(path, sizeof path, "verify -q --kernel absorbed --replay @/saved/%s", name);
    EXPECT(0, path, "pass  absorbed");
    json_decref(first);
    json_decref(again);
}

Test(replay, at_most_20_are_saved_and_the_rest_told)
{
    char name[256];
    EXPECT(1,
           "verify -q " WRONG "--kernel wrong --model tiny --cached 1,2,3,4,5,6,7 --new 1,2,3 "
           "--batch 1 --threads 1 --save-failure @/saved",
           "21 of 21 verifications failed", "saved in: /", "1 more failures are not saved in",
           "at most 20");
    cr_assert(count_entries("saved", name) == 20);
}

Test(replay, folders_that_cannot_be_are_refused_before_the_run)
{
    write_file("file", "");
    EXPECT(4, "verify -q --model tiny --cached 9 --save-failure @/file", "/file");
    cr_assert(!strstr(output, "pass"), "it ran:\n%s", output);
    EXPECT(2, "verify -q --replay @/nowhere", "/nowhere/case.json", "No such file");
    EXPECT(2, "verify -q --replay @ --model tiny", "--replay", "exclude each other");
    EXPECT(2, "verify -q --replay @ --seed 1", "exclude each other");
    EXPECT(2, "verify -q --replay @ --suite quick", "exclude each other");
}

/* The verdict is told, and then that the failure could not be kept. */
Test(replay, what_cannot_be_saved_loses_no_verdict)
{
    char path[256];
    snprintf(path, sizeof path, "%s/saved", folder);
    cr_assert(mkdir(path, 0700) == 0);
    write_file("saved/tiny_decode_cached-9_new-1_batch-1_threads-1_fp32_wrong", "in the way");
    EXPECT(4, "verify -q " WRONG "--kernel wrong --model tiny --cached 9 --save-failure @/saved",
           "FAIL  wrong", "1 of 1 verifications failed", "1 of 1 failures could not be saved",
           "is not a folder");
}

/* --- folders that somebody has changed --- */

static char saved[256]; /* the name of the one that was saved */

static void write_case(const json_t *root)
{
    char path[512];
    snprintf(path, sizeof path, "%s/saved/%s/case.json", folder, saved);
    cr_assert(json_dump_file(root, path, JSON_REAL_PRECISION(17)) == 0);
}

/* Replays with a member of an object of case.json ("": of case.json itself) replaced; NULL: taken
 * out. The reference is stolen. */
static void replay_with(const json_t *whole, const char *object, const char *member, json_t *value,
                        const char *said)
{
    char command[512];
    json_t *root = json_deep_copy(whole);
    json_t *target = object[0] ? json_object_get(root, object) : root;
    cr_assert(target != NULL, "no %s", object);
    if (value)
        json_object_set_new(target, member, value);
    else
        cr_assert(json_object_del(target, member) == 0, "no %s", member);
    write_case(root);
    json_decref(root);
    snprintf(command, sizeof command, "verify -q --kernel absorbed --replay @/saved/%s", saved);
    EXPECT(2, command, "case.json: ", "accepted: ", member, said);
}

Test(replay, a_case_json_that_was_changed_is_refused)
{
    char path[512];
    json_t *first = failures("--kernel wrong --model tiny --cached 9 --save-failure @/saved");
    json_decref(first);
    cr_assert(count_entries("saved", saved) == 1);
    snprintf(path, sizeof path, "saved/%s/case.json", saved);
    json_t *whole = load(path);
    replay_with(whole, "", "schema_version", json_integer(2), "is 2");
    replay_with(whole, "", "seed", json_string("one"), "\"one\"");
    replay_with(whole, "", "kernel", json_string("*"), "\"*\"");
    replay_with(whole, "", "kernel", NULL, "missing");
    replay_with(whole, "", "surprise", json_true(), "unknown field");
    replay_with(whole, "", "model", json_null(), "an object");
    replay_with(whole, "case", "about", json_string("everything"), "\"certificate\"");
    replay_with(whole, "case", "batch", json_integer(1 << 20), "65536");
    replay_with(whole, "case", "batch", json_integer(2), "sequences");
    replay_with(whole, "case", "cached", json_integer(1 << 20), "max_position_embeddings");
    replay_with(whole, "case", "format", json_string("fp4"), "fp32");
    replay_with(whole, "case", "sequences", json_array(), "at least one");
    replay_with(whole, "model", "kind", json_string("mla2"), "article");
    replay_with(whole, "model", "num_attention_heads", json_integer(0), "from 1");
    replay_with(whole, "model", "num_attention_heads", json_integer(1 << 14),
                "num_key_value_heads");
    replay_with(whole, "model", "v_head_dim", json_real(2.5), "2.5");
    replay_with(whole, "model", "kv_lora_rank", json_integer(0), "1 or more");
    replay_with(whole, "model", "softmax_scale", json_integer(0), "from 1e-30");
    replay_with(whole, "model", "rope", json_array(), "an object");
    json_decref(whole);
}

Test(replay, arrays_that_do_not_fit_are_refused)
{
    char path[512];
    json_t *first = failures("--kernel wrong --model tiny --cached 9 --new 2 --top-k 3 "
                             "--save-failure @/saved");
    json_decref(first);
    cr_assert(count_entries("saved", saved) == 1);
    snprintf(path, sizeof path, "%s/saved/%s/top_k.npy", folder, saved);
    FILE *file = fopen(path, "r+");
    cr_assert(file != NULL && fseek(file, 128, SEEK_SET) == 0);
    const int position = 11;
    fwrite(&position, sizeof position, 1, file);
    fclose(file);
    snprintf(path, sizeof path, "verify -q --kernel naive --replay @/saved/%s", saved);
    EXPECT(2, path, "top_k.npy: [0][0] is 11, accepted: -1 or a position from 0 to 10");
    snprintf(path, sizeof path, "saved/%s/rows.npy", saved);
    write_file(path, "rows");
    snprintf(path, sizeof path, "verify -q --kernel naive --replay @/saved/%s", saved);
    EXPECT(2, path, "rows.npy: ends after 4 bytes");
}
