# SPDX-License-Identifier: MIT
#
# % of each machine's own FMA peak: a panel per case, a row per kernel, a mark per run.

block_of(p) = block(p, 1)
row_height = 0.09 + 0.05 * series

# Long names would not fit.
longest = 0
do for [i=1:series] { if (strlen(label_word(i)) > longest) { longest = strlen(label_word(i)) } }
shrunk = longest > 78 ? 0.44 : longest > 62 ? 0.54 : longest > 50 ? 0.68 : longest > 43 ? 0.85 : 1
bottom = 0.63 + 0.125 * shrunk * (series + 1)
load scripts . "/rows.gp"

# Okabe and Ito's colours; marks are filled, then open, so that greyscale print keeps them apart.
run_colours = "0072b2 d55e00 009e73 cc79a7 e69f00 56b4e9 000000 808080"
run_points = "7 5 9 13 11 6 4 8"
run_colour(i) = int("0x" . word(run_colours, i))
run_point(i) = int(word(run_points, i))
spread = 0.8
shift(i) = spread * (i - 0.5 * (series + 1)) / series
tick = 0.45 * spread / series

do for [terminal in terminals] {
    eval open(terminal, height)
    legend_font = sized(terminal, shrunk)
    set multiplot
    eval across(1.35, 0.15)
    set label 3 title at screen 0.5, 1 - 0.13 / height center
    do for [p=1:panels] {
        eval panel(p)
        if (p == panels) { set xlabel "% of own FMA peak" offset 0,label_lift; set format x "%g" } else { unset xlabel; set format x "" }
        if (p == 1) {
            set key at screen 0.1 / width, 0.07 / height left bottom vertical maxrows series + 1 Left reverse samplen 1.2 font legend_font
        } else { unset key; unset label 3 }
        plot data index block_of(p) using (0):1:2 with labels right offset -0.8,0 notitle, \
             data index block_of(p) using (0):($1 + 0.5):(100):(0) with vectors nohead ls 101 notitle, \
             for [i=1:series] data index block(p, i) using 3:($1 + shift(i)):4:5 with xerrorbars ps 0 lw 0.8 lc rgb run_colour(i) notitle, \
             for [i=1:series] data index block(p, i) using 3:($1 + shift(i)) with points pt run_point(i) ps 0.9*dot lc rgb run_colour(i) notitle, \
             for [i=1:series] data index block(p, i) using 6:($1 + shift(i) - tick):(0):(2 * tick) with vectors nohead lw 1.2 lc rgb run_colour(i) notitle, \
             for [i=1:series] keyentry with points pt run_point(i) ps 0.9*dot lc rgb run_colour(i) title label_word(i), \
             keyentry with points pt "|" lc rgb "#404040" title "core alone"
    }
    unset multiplot
    unset output
}
