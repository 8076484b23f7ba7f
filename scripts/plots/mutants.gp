# SPDX-License-Identifier: MIT
#
# Which checks found which broken kernel: a row per mutant, a column per check, in three columns side
# by side, as wide as a page.

width = 7.0
row_height = 0.09
column_width = 0.08
name_width = 1.4
top = 0.92
bottom = 0.32

headings_of(p) = 3 * p - 3
rows_of(p) = 3 * p - 2
marks_of(p) = 3 * p - 1
most = 0
do for [p=1:panels] {
    stats data index rows_of(p) using 1 nooutput
    if (STATS_max > most) { most = STATS_max }
}
height = top + (most + 1) * row_height + bottom
left(p) = (p - 1) * width / panels + 0.06
right(p) = left(p) + name_width + series * column_width

# Rows are closer than lines of text_size.
row_font(terminal, face_of) = styled(terminal, 0.72, face_of)
survived = 0xd55e00
name_colour(status) = status eq "survived" ? survived : 0x000000
blank_colour(status) = status eq "survived" ? survived : 0xececec

set border 0
unset ytics
unset grid
set xrange [-name_width / column_width - 0.5 : series - 0.5]
set yrange [most + 0.5 : -0.5]
left_edge = -name_width / column_width

do for [terminal in terminals] {
    eval open(terminal, height)
    unset xtics
    set multiplot
    eval place(top, (most + 1) * row_height, height)
    set label 1 title at screen 0.5, 1 - 0.13 / height center
    do for [p=1:panels] {
        eval across(left(p), width - right(p))
        do for [i=1:series] {
            set label 10 + i label_word(i) at i - 1, -0.8 left rotate font row_font(terminal, "")
        }
        if (p == panels) { set key at screen 0.5, 0.15 / height center center vertical maxrows 1 Left reverse samplen 1 } else { unset key }
        plot for [i=1:series] data index rows_of(p) using (i - 1):1:(blank_colour(strcol(3))) with points pt 5 ps 0.65*dot lc rgb variable notitle, \
             data index marks_of(p) using 1:2 with points pt 5 ps 0.65*dot lc rgb "#0072b2" notitle, \
             data index rows_of(p) using (left_edge + 0.8):1:2:(name_colour(strcol(3))) with labels left font row_font(terminal, "") tc rgb variable notitle, \
             data index headings_of(p) using (left_edge):1:2 with labels left font row_font(terminal, ":Bold") notitle, \
             keyentry with points pt 5 ps 0.65*dot lc rgb "#0072b2" title "found by this check", \
             keyentry with points pt 5 ps 0.65*dot lc rgb survived title "found by none"
        unset label 1
    }
    unset multiplot
    unset output
}
