# SPDX-License-Identifier: MIT
#
# What event counters say: a panel per figure, a bar per kernel, each panel on an axis of its own,
# from 0; the value stands beside its bar.

block_of(p) = p - 1
row_height = 0.165
top = 0.62
bottom = 0.1
load scripts . "/rows.gp"

array longest[panels]
do for [p=1:panels] {
    stats data index p - 1 using 5 nooutput
    longest[p] = STATS_max
    stats data index p - 1 using 3 nooutput
    if (STATS_max > longest[p]) { longest[p] = STATS_max }
}

unset grid
set border 2 ls 102

do for [terminal in terminals] {
    eval open(terminal, height)
    unset xtics
    set multiplot
    eval across(1.35, 0.15)
    set label 3 title at screen 0.5, 1 - 0.13 / height center
    set label 4 x_label at screen 0.5, 1 - 0.29 / height center
    do for [p=1:panels] {
        eval panel(p)
        set xrange [0 : 1.3 * longest[p]]
        plot data index p - 1 using (0):1:2 with labels right offset -0.8,0 notitle, \
             data index p - 1 using (0):(mark(0.5 * $3, $1)):(0):3:($1 - 0.33):($1 + 0.33):(colour(strcol(2))) with boxxyerror fs solid 0.75 noborder lc rgb variable notitle, \
             data index p - 1 using 3:(mark($3, $1)):4:5 with xerrorbars ps 0 lw 0.6 lc rgb "black" notitle, \
             data index p - 1 using ($5 > $3 ? $5 : $3):1:6 with labels left offset 0.6,0 notitle
        eval told(terminal, "")
        unset label 3
        unset label 4
    }
    unset multiplot
    unset output
}
