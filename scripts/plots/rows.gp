# SPDX-License-Identifier: MIT
#
# Panels of rows, one row per kernel, each as high as it has rows. Before: block_of(panel), the
# block that lists a panel's rows in columns 1 and 2, row_height and, for other text above or below, top and bottom.
# Leaves row_count, panel_top and height. Rows get lower where a page could not hold them.

if (!exists("top")) { top = 0.44 }
gap = 0.24
if (!exists("bottom")) { bottom = 0.74 }

array row_count[panels]
array panel_top[panels]
all_rows = 0
do for [p=1:panels] {
    stats data index block_of(p) using 1 nooutput
    row_count[p] = int(STATS_max) + 1
    all_rows = all_rows + row_count[p]
}
lowest = (8.3 - top - bottom - (panels - 1) * gap) / all_rows
if (row_height > lowest) { row_height = lowest > 0.12 ? lowest : 0.12 }
height = top
do for [p=1:panels] {
    panel_top[p] = height
    height = height + row_count[p] * row_height + gap
}
height = height - gap + bottom

set xrange [0:100<*]
set xtics 20
set mxtics 2
unset ytics
# `eval panel(p)`: its place, heading and rows.
panel(p) = place(panel_top[p], row_count[p] * row_height, height) . \
    sprintf("; set yrange [%g:-0.5]; set label 1 panel_word(%d) at screen %g, %g left", \
        row_count[p] - 0.5, p, 0.1 / width, 1 - (panel_top[p] - 0.09) / height)
