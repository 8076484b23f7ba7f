# SPDX-License-Identifier: MIT
#
# Errors against context: a panel per kind of cache, a colour per format; solid lines for what the
# format costs, dashed ones for arithmetic, from the kernel with the least to that with the most.

context_least = 0
context_most = 0
load scripts . "/contexts.gp"

legend_rows = int(ceil((series + 2) / 3.0))
legend = 0.155 * legend_rows + 0.05
panel_height = panels > 1 ? 1.7 : 2.1
top = 0.24
gap = 0.12
bottom = 0.4 + legend
height = top + panels * panel_height + (panels - 1) * gap + bottom

set logscale y 10
stats data using 3 nooutput
least = STATS_min
most = STATS_max
stats data using 2 nooutput
most = STATS_max > most ? STATS_max : most
set yrange [least / 3 : most * 30]
set format y "%.0e"
set ytics 10
set mytics 1
do for [decade = -12:2] { set ytics add (sprintf("1e%d", decade) 10.0**decade) }

do for [terminal in terminals] {
    eval open(terminal, height)
    set multiplot
    eval across(0.80, 0.17)
    set title title offset 0,-0.7
    set label 2 "error of o, relative (root mean square)" at screen 0.11 / width, 0.5 + 0.5 * (bottom - top) / height center rotate
    do for [p=1:panels] {
        eval place(top + (p - 1) * (panel_height + gap), panel_height, height)
        if (p == panels) { eval labelled_tics; set xlabel x_label offset 0,label_lift } else { eval bare_tics; unset xlabel }
        if (panels > 1) { set label 1 panel_word(p) . " cache" at graph 0.02,0.93 left front }
        if (p == 1) {
            set key at screen 0.5 * (0.80 + width - 0.17) / width, (legend - 0.02) / height center top vertical maxrows legend_rows Left reverse samplen 2 spacing 1 width -1
        } else { unset key; unset title; unset label 2 }
        plot for [i=1:series] data index block(p, i) using 1:4 with lines lw 0.9 dt 2 lc rgb format_colour(format_place(series_word(i))) notitle, \
             for [i=1:series] data index block(p, i) using 1:3 with lines lw 0.9 dt 2 lc rgb format_colour(format_place(series_word(i))) notitle, \
             for [i=1:series] data index block(p, i) using 1:2 with linespoints lw 1.1 pt 7 lc rgb format_colour(format_place(series_word(i))) notitle, \
             keyentry with lines lw 1.1 lc rgb "#404040" title "format", \
             keyentry with lines lw 0.9 dt 2 lc rgb "#404040" title "arithmetic", \
             for [i=1:series] keyentry with points pt 5 lc rgb format_colour(format_place(series_word(i))) title label_word(i)
    }
    unset multiplot
    unset output
}
