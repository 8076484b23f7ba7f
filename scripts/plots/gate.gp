# SPDX-License-Identifier: MIT
#
# What the gate says of kernels that became slower by a known amount: a panel per condition, a bar
# per amount, divided by verdict; with the interval of the first verdict's share.

top = 0.4
panel_height = 1.4
bottom = 0.72
height = top + panel_height + bottom
left_margin = 0.5
gap = 0.1
panel_width = (width - left_margin - 0.08 - (panels - 1) * gap) / panels
left(p) = left_margin + (p - 1) * (panel_width + gap)

verdict_colours = "d55e00 c8c8c8 9fcbe6 009e73"
verdict_colour(i) = int("0x" . word(verdict_colours, i))

set yrange [0:100]
set ytics 20
set style fill solid noborder
set grid noxtics nomxtics
bar = 0.36

do for [terminal in terminals] {
    eval open(terminal, height)
    eval place(top, panel_height, height)
    set multiplot
    set label 1 title at screen 0.5, 1 - 0.12 / height center
    set label 3 x_label at screen 0.5, 0.42 / height center
    set key at screen 0.5, 0.17 / height center center vertical maxrows 2 Left reverse samplen 1
    do for [p=1:panels] {
        eval across(left(p), width - left(p) - panel_width)
        set label 2 panel_word(p) at graph 0.5, 1.06 center
        set xrange [-0.6:*]
        stats data index p - 1 using 1 nooutput
        set xrange [-0.6 : STATS_max + 0.6]
        set format y (p == 1 ? "%g" : "")
        set ylabel (p == 1 ? "comparisons, %" : "") offset 1.2,0
        plot for [i=1:(p == 1 ? series : 0)] keyentry with points pt 5 lc rgb verdict_colour(i) title label_word(i), \
             for [i=series:1:-1] data index p - 1 \
                 using 1:(sum [j=1:i] column(2 + j)):(bar * 2):xtic(2) with boxes lc rgb verdict_colour(i) notitle, \
             data index p - 1 using 1:(column(3 + series)):(0):(column(4 + series) - column(3 + series)) with vectors heads size 0.1,90 lw 0.7 lc rgb "black" notitle
        unset label 1
        unset label 2
        unset label 3
    }
    unset multiplot
    unset output
}
