# SPDX-License-Identifier: MIT
#
# Time per new token against context: a panel per number of threads, a line per kernel with the
# quartiles of its repetitions.

stats data using 3 nooutput
least = STATS_min
stats data using 4 nooutput
most = STATS_max
context_least = 0
context_most = 0
load scripts . "/contexts.gp"

legend_rows = int(ceil(series / 2.0))
# Two columns of long names would not fit.
longest = 0
do for [i=1:series] { if (strlen(label_word(i)) > longest) { longest = strlen(label_word(i)) } }
legend_scale = longest > 16 ? 0.8 : 1
legend = 0.155 * legend_rows + 0.05
panel_height = panels > 1 ? 1.7 : 2.1
top = 0.24
gap = 0.12
bottom = 0.4 + legend
height = top + panels * panel_height + (panels - 1) * gap + bottom

set logscale y 10
set yrange [least / 1.5 : most * 1.5]
set format y "%.0s %cs"
set mytics 10
# Decades alone would leave a short axis with one label.
if (most / least < 60) {
    do for [decade = int(floor(log10(least / 1.5))) : int(floor(log10(most * 1.5)))] {
        do for [digit in "1 2 5"] {
            set ytics add (gprintf("%.0s %cs", digit * 10.0**decade) digit * 10.0**decade)
        }
    }
}

do for [terminal in terminals] {
    eval open(terminal, height)
    legend_font = sized(terminal, legend_scale)
    set multiplot
    eval across(0.80, 0.17)
    set title title offset 0,-0.7
    set label 2 "time per new token" at screen 0.11 / width, 0.5 + 0.5 * (bottom - top) / height center rotate
    do for [p=1:panels] {
        eval place(top + (p - 1) * (panel_height + gap), panel_height, height)
        if (p == panels) { eval labelled_tics; set xlabel x_label offset 0,label_lift } else { eval bare_tics; unset xlabel }
        set label 1 panel_word(p) at graph 0.02,0.93 left front
        if (p == 1) {
            set key at screen 0.5 * (0.80 + width - 0.17) / width - 0.06, (legend - 0.02) / height center top vertical maxrows legend_rows Left reverse samplen 3 spacing 1 width -1 font legend_font
        } else { unset key; unset title; unset label 2 }
        plot for [i=1:series] data index block(p, i) using 1:2:3:4 with yerrorbars lw 0.6 ps 0 lc rgb colour(series_word(i)) notitle, \
             for [i=1:series] data index block(p, i) using 1:2 with linespoints lw 1.1 lc rgb colour(series_word(i)) dt dash(series_word(i)) pt point(series_word(i)) title label_word(i)
    }
    unset multiplot
    unset output
}
