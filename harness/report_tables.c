/* SPDX-License-Identifier: MIT */
#include "harness/report_tables.h"

#include "harness/csv.h"
#include "harness/out_file.h"
#include "harness/trade.h"

static void write_cases(FILE *file, const struct result_table *table)
{
    fputs(CASE_COLUMNS "isa,order,min_ns,q1_ns,median_ns,q3_ns,max_ns,mad_ns,pct_fma_peak,"
                       "core_pct_fma_peak,pct_read_bandwidth,flops,core_flops,bytes,error_ratio,"
                       "error_limit,lse_ratio,max_abs,max_rel,rms_rel,lse_max_abs,format_rms_rel,"
                       "total_rms_rel,queries_checked,"
                       "queries,kv_per_token,kv_predicted,kv_allocated,kv_touched,repetitions\r\n",
          file);
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        const struct result_error *e = &row->error;
        case_cells(file, row);
        text_cell(file, row->isa);
        text_cell(file, row->order);
        const double numbers[] = {
            row->ns.min,
            row->ns.q1,
            row->ns.median,
            row->ns.q3,
            row->ns.max,
            row->ns.mad,
            row->pct_fma_peak.median,
            row->core_pct_fma_peak.median,
            row->pct_read_bandwidth.median,
            result_number(row->repetitions[0], "flops"),
            result_number(row->repetitions[0], "core_flops"),
            result_number(row->repetitions[0], "bytes"),
            e->ratio,
            e->limit,
            e->lse_ratio,
            e->max_abs,
            e->max_rel,
            e->rms_rel,
            e->lse_max_abs,
            e->format_rms_rel,
            e->total_rms_rel,
        };
        for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
            number_cell(file, numbers[n]);
        const int64_t counts[] = {
            e->queries_checked,      e->queries,
            row->kv_cache.per_token, row->kv_cache.predicted,
            row->kv_cache.allocated, row->kv_cache.touched,
        };
        for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++)
            count_cell(file, counts[n]);
        last_count(file, row->count);
    }
}

static void write_repetitions(FILE *file, const struct result_table *table)
{
    fputs(CASE_COLUMNS "round,real_ns,cpu_ns,absorb_ns,core_ns,value_up_ns,store_ns,"
                       "fma_peak_gflops,pct_fma_peak,core_pct_fma_peak,steal_ms,"
                       "involuntary_switches\r\n",
          file);
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        for (int n = 0; n < row->count; n++) {
            const json_t *entry = row->repetitions[n];
            const json_t *stages = json_object_get(entry, "stages");
            const json_t *noise = json_object_get(entry, "noise");
            case_cells(file, row);
            count_cell(file, result_count(entry, "round"));
            number_cell(file, result_number(entry, "real_time"));
            number_cell(file, result_number(entry, "cpu_time"));
            number_cell(file, result_number(stages, "absorb"));
            number_cell(file, result_number(stages, "core"));
            number_cell(file, result_number(stages, "value_up"));
            number_cell(file, result_number(stages, "store"));
            number_cell(file, result_number(entry, "fma_peak_gflops"));
            number_cell(file, result_number(entry, "pct_fma_peak"));
            number_cell(file, result_number(entry, "core_pct_fma_peak"));
            number_cell(file, result_number(noise, "steal_ms"));
            last_count(file, result_count(noise, "involuntary_switches"));
        }
    }
}

static void write_kv_cache(FILE *file, const struct result_table *table)
{
    fputs(CASE_COLUMNS "order,per_token,predicted,allocated,touched\r\n", file);
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        case_cells(file, row);
        text_cell(file, row->order);
        count_cell(file, row->kv_cache.per_token);
        count_cell(file, row->kv_cache.predicted);
        count_cell(file, row->kv_cache.allocated);
        last_count(file, row->kv_cache.touched);
    }
}

static void write_trade(FILE *file, const struct result_table *table)
{
    fputs(CASE_COLUMNS "case,median_ns_per_token,mad_ns_per_token,total_rms_rel,format_rms_rel,"
                       "arithmetic_rms_rel,bytes_per_token,beaten\r\n",
          file);
    for (int i = 0; i < table->count; i++) {
        const struct result_row *row = &table->rows[i];
        if (!trade_takes(row))
            continue;
        case_cells(file, row);
        text_cell(file, row->name);
        number_cell(file, row->ns.median / result_tokens(row));
        number_cell(file, row->ns.mad / result_tokens(row));
        number_cell(file, row->error.total_rms_rel);
        number_cell(file, row->error.format_rms_rel);
        number_cell(file, row->error.rms_rel);
        count_cell(file, row->kv_cache.per_token);
        last_count(file, trade_beaten(table, row));
    }
}

static void write_medians(FILE *file, const struct result_row *row, const char *figures,
                          const char *reasons)
{
    const json_t *missing = json_object_get(row->repetitions[0], reasons);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(row->repetitions[0], figures), name, value)
    {
        struct spread spread = result_spread(row, figures, name);
        case_cells(file, row);
        text_cell(file, name);
        number_cell(file, spread.median);
        text_cell(file, spread.n > 0 ? "" : result_text(missing, name));
        last_count(file, spread.n);
    }
}

static void write_counters(FILE *file, const struct result_table *table)
{
    fputs(CASE_COLUMNS "counter,median,missing,repetitions\r\n", file);
    for (int i = 0; i < table->count; i++) {
        write_medians(file, &table->rows[i], "counters", "counters_missing");
        write_medians(file, &table->rows[i], "derived", "derived_missing");
    }
}

int report_tables(const struct result_table *table, const char *out_folder, struct mla_error *error)
{
    static const struct {
        const char *name;
        void (*write)(FILE *file, const struct result_table *table);
    } files[] = {
        {"tables/cases.csv", write_cases},       {"tables/repetitions.csv", write_repetitions},
        {"tables/kv_cache.csv", write_kv_cache}, {"tables/counters.csv", write_counters},
        {"tables/trade.csv", write_trade},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct out_file out = {0};
        int code = out_open(&out, out_folder, files[i].name, error);
        if (code)
            return code;
        files[i].write(out.file, table);
        code = out_close(&out, error);
        if (code)
            return code;
    }
    return 0;
}
