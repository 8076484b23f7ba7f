# SPDX-License-Identifier: MIT
#
# The article's example: a drawing of 28 x 28 pixels, and for each of 4 heads what it sees and what
# the drawing's own ink adds to its score. Columns: row, column, drawing, seen (4), adds (4).

heads = 4
side = 28
left = 0.10
right = 0.10
between = 0.06
square = (width - left - right - heads * between) / (heads + 1)
top = 0.42
gap = 0.22
bottom = 0.22
height = top + 2 * square + gap + bottom

# Paper is not drawn: it would be three quarters of the file.
inked(value) = value > 0.003 ? value : NaN
shade(i, line) = i == 0 ? column(3) : line ? abs(column(7 + i)) / most[i] : column(3 + i)
# As the row, keeping a mark where there is ink.
row(value) = value > 0.003 ? mark(column(2), column(1)) : column(1)

array most[heads]
do for [head=1:heads] {
    stats data index 0 using (abs(column(7 + head))) nooutput
    most[head] = STATS_max > 0 ? STATS_max : 1
}

# From white to black through one hue: its lightness alone tells the values.
set palette defined (0 "#ffffff", 0.35 "#7fb8da", 0.7 "#1f5f95", 1 "#000000")
set cbtics ('0' 0, '1' 1) scale 0 offset 0,0.6
set border 15 ls 102
unset grid
set xrange [-0.5 : side - 0.5]
set yrange [side - 0.5 : -0.5]
set cbrange [0 : 1]

across_at(i) = sprintf("set lmargin at screen %g; set rmargin at screen %g", \
    (left + i * (square + between)) / width, (left + i * (square + between) + square) / width)

do for [terminal in terminals] {
    eval open(terminal, height)
    unset xtics
    unset ytics
    set multiplot
    set label 1 title at screen 0.5, 1 - 0.1 / height center
    do for [line=0:1] {
        eval place(top + line * (square + gap), square, height)
        set label 2 (line ? "what its own ink adds to the score" : "mean drawing, by attention weights") at screen (left + square + between) / width, 1 - (top + line * (square + gap) - 0.08) / height left
        do for [i=(line ? 1 : 0):heads] {
            eval across_at(i)
            if (i == 0) { set label 3 "drawing" at screen left / width, 1 - (top - 0.08) / height left } else { unset label 3 }
            if (line) { set label 4 sprintf("head %d", i) at screen (left + i * (square + between) + 0.5 * square) / width, (bottom - 0.1) / height center }
            if (line && i == 1) {
                set colorbox user horizontal origin left / width, (bottom + 0.5 * square) / height size 0.85 * square / width, 0.07 / height
            } else { unset colorbox }
            plot data index 0 using 2:(row(shade(i, line))):(inked(shade(i, line))) with image pixels notitle
            eval told(terminal, "")
            unset label 1
            unset label 2
            unset label 4
        }
    }
    unset multiplot
    unset output
}
