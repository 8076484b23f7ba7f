# SPDX-License-Identifier: MIT
#
# KV-cache bytes against tokens cached: a panel per format, a line per layout (by formula), points
# for what was allocated.

# The formula is drawn over the contexts that people ask about, measured or not.
array per_token[panels * series]
least_per_token = 1e18
most_per_token = 0
do for [i=1:panels * series] {
    stats data index i - 1 using (valid(5) ? $5 : 0) nooutput # NaN: the panel has no such layout
    per_token[i] = STATS_max
    if (STATS_max > 0 && STATS_max < least_per_token) { least_per_token = STATS_max }
    if (STATS_max > most_per_token) { most_per_token = STATS_max }
}
context_least = 1024
context_most = 131072
load scripts . "/contexts.gp"

legend = 0.155 * series + 0.05
panel_height = panels > 3 ? 1.1 : panels > 1 ? 1.7 : 2.1
top = 0.24
gap = 0.12
bottom = 0.4 + legend
height = top + panels * panel_height + (panels - 1) * gap + bottom

set logscale y 2
set yrange [context_least * least_per_token / 2 : context_most * most_per_token * 2]
set ytics ("64 B" 64, "1 KiB" 2.**10, "16 KiB" 2.**14, "256 KiB" 2.**18, "4 MiB" 2.**22, \
    "64 MiB" 2.**26, "1 GiB" 2.**30, "16 GiB" 2.**34, "256 GiB" 2.**38)

do for [terminal in terminals] {
    eval open(terminal, height)
    set multiplot
    eval across(0.8, 0.17)
    set title title offset 0,-0.7
    set label 2 "KV cache" at screen 0.11 / width, 0.5 + 0.5 * (bottom - top) / height center rotate
    do for [p=1:panels] {
        eval place(top + (p - 1) * (panel_height + gap), panel_height, height)
        if (p == panels) { eval labelled_tics; set xlabel x_label offset 0,label_lift } else { eval bare_tics; unset xlabel }
        if (panels > 1) { set label 1 panel_word(p) at graph 0.02,0.93 left front }
        if (p == 1) {
            set key at screen 0.5 * (0.8 + width - 0.17) / width, (legend - 0.02) / height center top vertical maxrows series Left reverse samplen 3 spacing 1
        } else { unset key; unset title; unset label 2 }
        plot for [i=1:series] x * per_token[block(p, i) + 1] with lines lw 1.1 lc rgb colour(series_word(i)) dt dash(series_word(i)) notitle, \
             for [i=1:series] data index block(p, i) using 1:3 with points lc rgb colour(series_word(i)) pt point(series_word(i)) notitle, \
             for [i=1:series] keyentry with linespoints lw 1.1 lc rgb colour(series_word(i)) dt dash(series_word(i)) pt point(series_word(i)) title label_word(i)
    }
    unset multiplot
    unset output
}
