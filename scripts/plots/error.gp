# SPDX-License-Identifier: MIT
#
# Errors in units of the limit: a row per kernel, a dot per case, a box from quartile to quartile.

row_height = 0.22
top = 0.24
bottom = 0.74
height = top + series * row_height + bottom

set logscale x 10
power(i) = abs(i) < 4 ? sprintf("%g", 10.0**i) : sprintf("1e%d", i)
set xtics ()
set for [i=-9:9] xtics add (power(i) 10.0**i)
set for [i=-9:9] for [k=2:9] xtics add ("" k*10.0**i 1)
stats data index 1 using 3 nooutput
set xrange [* : exists("STATS_max") && STATS_max > 1 ? 2 * STATS_max : 3]
set yrange [series - 0.5 : -0.5]
set ytics () scale 0
set for [i=1:series] ytics add (series_word(i) i - 1)
set grid noytics nomytics
set style line 1 lc rgb "black" lw 0.7

# Quartiles of a kernel's o and log-sum-exp, blocks 3 to 5, NaN where it has none.
array o_low[series]; array o_mid[series]; array o_high[series]
array lse_low[series]; array lse_mid[series]; array lse_high[series]
do for [i=1:series] {
    o_low[i] = NaN; o_mid[i] = NaN; o_high[i] = NaN
    lse_low[i] = NaN; lse_mid[i] = NaN; lse_high[i] = NaN
}
kernel_at(row) = row >= 0 ? int(row) + 1 : 1
stats data index 3 using (valid(1) && $1 >= 0 ? (o_low[kernel_at($1)] = $3, lse_low[kernel_at($1)] = $4, 1) : 1) nooutput
stats data index 4 using (valid(1) && $1 >= 0 ? (o_mid[kernel_at($1)] = $3, lse_mid[kernel_at($1)] = $4, 1) : 1) nooutput
stats data index 5 using (valid(1) && $1 >= 0 ? (o_high[kernel_at($1)] = $3, lse_high[kernel_at($1)] = $4, 1) : 1) nooutput

set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead lc rgb "#d55e00" lw 1 dt 2 front
set title title offset 0,-0.7

do for [terminal in terminals] {
    eval open(terminal, height)
    set xlabel "error / limit" offset 0,label_lift
    eval across(1.35, 0.15)
    eval place(top, series * row_height, height)
    set key at screen 0.5, 0.17 / height center center vertical maxrows 2 Left reverse samplen 1
    plot o_mid using (o_mid[$1]):($1 - 1.18):(o_low[$1]):(o_high[$1]):($1 - 1.34):($1 - 1.02) with boxxyerror ls 1 fs empty border notitle, \
         lse_mid using (lse_mid[$1]):($1 - 0.82):(lse_low[$1]):(lse_high[$1]):($1 - 0.98):($1 - 0.66) with boxxyerror ls 1 fs empty border notitle, \
         data index 0 using 4:($1 + 0.18):(colour(strcol(2))) with points pt 6 ps 0.6*dot lc rgb variable notitle, \
         data index 0 using 3:($1 - 0.18):(colour(strcol(2))) with points pt 7 ps 0.6*dot lc rgb variable notitle, \
         data index 4 using 3:($1 - 0.34):(0):(0.32) with vectors nohead lc rgb "black" lw 1.6 notitle, \
         data index 4 using 4:($1 + 0.02):(0):(0.32) with vectors nohead lc rgb "black" lw 1.6 notitle, \
         data index 1 using 3:1 with points pt 2 lc rgb "black" lw 1.5 notitle, \
         keyentry with points pt 7 ps 0.6*dot lc rgb "#404040" title "o", \
         keyentry with points pt 6 ps 0.6*dot lc rgb "#404040" title "log-sum-exp", \
         keyentry with points pt 2 lc rgb "black" lw 1.5 title "refused", \
         keyentry with boxes ls 1 fs empty border title "quartiles", \
         keyentry with lines lc rgb "#d55e00" lw 1 dt 2 title "limit"
    unset output
}
