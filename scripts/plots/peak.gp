# SPDX-License-Identifier: MIT
#
# % of the FMA peak: a panel per case, a row per kernel, a mark per number of threads.

teams = words(label_words)
team_block(p, t) = (p - 1) * teams + t - 1
block_of(p) = team_block(p, 1)
row_height = 0.19
load scripts . "/rows.gp"
set xtics 50
set mxtics 5

team_points = "7 6 9 8"
shift(t) = 0.5 * (t - 0.5 * (teams + 1)) / teams
mark(t) = int(word(team_points, t))

do for [terminal in terminals] {
    eval open(terminal, height)
    set multiplot
    eval across(1.75, 0.15)
    set label 3 title at screen 0.5, 1 - 0.13 / height center
    do for [p=1:panels] {
        eval panel(p)
        if (p == panels) { set xlabel "% of FMA peak" offset 0,label_lift; set format x "%g" } else { unset xlabel; set format x "" }
        if (p == 1) {
            set key at screen 0.5, 0.17 / height center center vertical maxrows (teams > 2 ? 2 : 1) Left reverse samplen 1.2
        } else { unset key; unset label 3 }
        plot data index block_of(p) using (0):1:2 with labels right offset -0.8,0 notitle, \
             data index block_of(p) using (0):1:(100):(0) with vectors nohead ls 101 notitle, \
             for [t=1:teams] data index team_block(p, t) using 3:($1 + shift(t)):4:5:(colour(strcol(2))) with xerrorbars ps 0 lw 0.8 lc rgb variable notitle, \
             for [t=1:teams] data index team_block(p, t) using 3:($1 + shift(t)):(colour(strcol(2))) with points pt mark(t) lc rgb variable notitle, \
             for [t=1:teams] data index team_block(p, t) using 6:($1 + shift(t) - 0.2):(0):(0.4):(colour(strcol(2))) with vectors nohead lw 1.2 lc rgb variable notitle, \
             for [t=1:teams] keyentry with points pt mark(t) lc rgb "#404040" title label_word(t), \
             keyentry with points pt "|" lc rgb "#404040" title "core alone"
    }
    unset multiplot
    unset output
}
