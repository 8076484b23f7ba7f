# SPDX-License-Identifier: MIT
#
# What training keeps: a panel per model, three cells each by what the backward pass makes again; in
# each a stacked bar per attention, in expanded form, and a diamond for the latent form. Columns of
# the study's rows: 2 attention, 3 form, 4 made again, 5 allocated, 9 to 12 its parts, 13 over MHA.
# Greyscale print tells the parts apart by lightness and hatching.

agains = "none up-projections projections"
heading(c) = c == 1 ? "nothing" : c == 2 ? "up-projections" : "projections"
attentions = "MHA MLA MLA+c_q"
cells = words(agains)
bars = words(attentions)
cell_width = 0.81
cell_gap = 0.09
cells_left = 0.71
row_height = 0.14
panel_gap = 0.19
top = 0.72
bottom = 0.80
panel_height = bars * row_height
height = top + panels * panel_height + (panels - 1) * panel_gap + bottom

# A row's place, NaN where it is of another cell or form; and where each of its parts ends.
row_of(attention) = bars - sum [i=1:bars] (word(attentions, i) eq attention ? i : 0)
y(again, form) = stringcolumn(3) eq form && stringcolumn(4) eq again ? row_of(stringcolumn(2)) : NaN
low(again) = y(again, "expanded") - 0.36
high(again) = y(again, "expanded") + 0.36
percent(bytes) = 100 * bytes * column(13) / column(5)
end_of_x(n) = percent(column(9))
end_of_output(n) = percent(column(9) + column(12))
end_of_kv(n) = percent(column(9) + column(12) + column(11))
end_of_q(n) = percent(column(5))
# As y, keeping a mark in the middle of a part.
part(from, to, y) = mark(0.5 * (from + to), y)

stats data using (100 * column(13)) nooutput
set xrange [0 : STATS_max * 1.06]
tic = STATS_max > 140 ? 100 : 50
set xtics tic offset 0,0.3
set mxtics 2
set yrange [-0.5 : bars - 0.5]
set grid noytics nomytics
set style line 1 lc rgb "#d0d0d0"
set style line 2 lc rgb "#808080"
set style line 3 lc rgb "#e69f00" lw 0.7
set style line 4 lc rgb "#0072b2"

do for [terminal in terminals] {
    eval open(terminal, height)
    set multiplot
    set label 3 title at screen 0.5, 1 - 0.13 / height center
    set label 4 "made again by the backward pass:" at screen 0.5, 1 - 0.31 / height center
    set label 5 x_label at screen 0.5, 0.50 / height center
    do for [p=1:panels] {
        panel_top = top + (p - 1) * (panel_height + panel_gap)
        stats data index block(p, 1) using (stringcolumn(2) eq word(attentions, bars) ? 1 : 0) nooutput
        complete = int(STATS_max)
        do for [c=1:cells] {
            left = cells_left + (c - 1) * (cell_width + cell_gap)
            again = word(agains, c)
            eval place(panel_top, panel_height, height)
            eval across(left, width - left - cell_width)
            unset label 1; unset label 2; unset label 6; unset ytics; unset key
            if (p == 1) { set label 2 heading(c) at screen (left + 0.5 * cell_width) / width, 1 - 0.44 / height center }
            if (c == 1) {
                set label 1 panel_word(p) at screen 0.1 / width, 1 - (panel_top - 0.085) / height left
                set ytics scale 0 offset 0.6,0 ()
                do for [i=1:bars] { set ytics add (word(attentions, i) bars - i) }
                if (!complete) { set label 6 "(has none)" at first 3, first 0 left front }
            }
            if (p == panels) { set format x "%g" } else { set format x "" }
            if (p == panels && c == cells) {
                set key at screen 0.5, 0.24 / height center center vertical maxrows 2 Left reverse samplen 1.2 width -1
            }
            plot data index block(p, 1) using (0):(part(end_of_kv(0), end_of_q(0), y(again, "expanded"))):(end_of_kv(0)):(end_of_q(0)):(low(again)):(high(again)) with boxxyerror ls 4 fs solid 1 noborder notitle, \
                 data index block(p, 1) using (0):(part(end_of_output(0), end_of_kv(0), column(11) > 0 ? y(again, "expanded") : NaN)):(end_of_output(0)):(end_of_kv(0)):(low(again)):(high(again)) with boxxyerror ls 3 fs pattern 4 border notitle, \
                 data index block(p, 1) using (0):(part(end_of_x(0), end_of_output(0), y(again, "expanded"))):(end_of_x(0)):(end_of_output(0)):(low(again)):(high(again)) with boxxyerror ls 2 fs solid 1 noborder notitle, \
                 data index block(p, 1) using (0):(part(0, end_of_x(0), y(again, "expanded"))):(0):(end_of_x(0)):(low(again)):(high(again)) with boxxyerror ls 1 fs solid 1 noborder notitle, \
                 data index block(p, 1) using (end_of_q(0)):(y(again, "latent")) with points pt 13 ps dot lc rgb "#ffffff" notitle, \
                 data index block(p, 1) using (end_of_q(0)):(mark(end_of_q(0), y(again, "latent"))) with points pt 12 ps dot lc rgb "#000000" notitle, \
                 keyentry with boxes ls 1 fs solid 1 noborder title "x", \
                 keyentry with boxes ls 2 fs solid 1 noborder title "o, lse", \
                 keyentry with boxes ls 3 fs pattern 4 border title "c_kv, k, v", \
                 keyentry with boxes ls 4 fs solid 1 noborder title "c_q, q", \
                 keyentry with points pt 12 ps dot lc rgb "#000000" title "latent form"
            eval told(terminal, "")
            unset label 3; unset label 4; unset label 5
        }
    }
    unset multiplot
    unset output
}
