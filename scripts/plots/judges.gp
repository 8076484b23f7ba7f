# SPDX-License-Identifier: MIT
#
# How many of the broken kernels each project's tests notice: a row per project, a bar per series.

row_height = 0.28
bar = 0.36 # of a row's height
top = 0.26
bottom = 0.72

stats data index 0 using 1 nooutput
most = int(STATS_max)
height = top + (most + 1) * row_height + bottom
bar_colours = "0072b2 9fcbe6"
bar_colour(i) = int("0x" . word(bar_colours, i))
middle(i) = (i - 1.5) * bar

set xrange [0:100]
set xtics 20
set mxtics 2
unset ytics
set grid noytics nomytics
set border 1 ls 102
set yrange [most + 0.5 : -0.5]
set style fill solid noborder

do for [terminal in terminals] {
    eval open(terminal, height)
    set xlabel x_label offset 0,label_lift
    eval across(1.33, 0.6)
    eval place(top, (most + 1) * row_height, height)
    set label 1 title at screen 0.5, 1 - 0.13 / height center
    set key at screen 0.5, 0.16 / height center center vertical maxrows 2 Left reverse samplen 1
    plot data index 0 using (0):1:2 with labels right offset -0.4,0 font sized(terminal, 0.8) notitle, \
         for [i=1:series] data index i - 1 using 3:($1 + middle(i)):(0):3:($1 + middle(i) - 0.5*bar):($1 + middle(i) + 0.5*bar) with boxxyerror lc rgb bar_colour(i) notitle, \
         for [i=1:series] data index i - 1 using 3:($1 + middle(i)):4 with labels left offset 0.4,0 font sized(terminal, 0.8) notitle, \
         for [i=1:series] keyentry with points pt 5 lc rgb bar_colour(i) title label_word(i)
    unset output
}
