# SPDX-License-Identifier: MIT
#
# Errors of absorbing keys with RoPE against distance: a panel for scores, one for the output, a line
# per way. Columns: distance, way, of, error, flops.

# By place among the ways that a panel has: what fails is solid, what is exact dashed.
way_colours = "0072b2 e69f00 d55e00 56b4e9 000000"
way_points = "7 9 5 6 4"
way_colour(i) = int("0x" . word(way_colours, i))
way_dash(i) = i > 3 ? 2 : 1
way_point(i) = int(word(way_points, i))

legend_rows = int(ceil(series / 2.0))
legend = 0.155 * legend_rows + 0.05
panel_height = 1.35
top = 0.24
gap = 0.12
bottom = 0.4 + legend
height = top + panels * panel_height + (panels - 1) * gap + bottom

stats data using 4 nooutput
set logscale x 2
set xrange [0.85 : *]
set yrange [-0.06 : STATS_max * 1.06]
set ytics 0.5
set mytics 2
unset mxtics

do for [terminal in terminals] {
    eval open(terminal, height)
    set multiplot
    eval across(0.58, 0.17)
    set title title offset 0,-0.7
    set label 2 "error, relative (root mean square)" at screen 0.11 / width, 0.5 + 0.5 * (bottom - top) / height center rotate
    do for [p=1:panels] {
        eval place(top + (p - 1) * (panel_height + gap), panel_height, height)
        set label 1 (panel_word(p) eq "scores" ? "scores, keys at that distance" : "o, all keys up to that distance") at graph 0.99,0.13 right front
        if (p == panels) {
            set xtics ("1" 1, "4" 4, "16" 16, "64" 64, "256" 256, "1k" 1024, "4k" 4096, "16k" 16384, "64k" 65536)
            set xlabel x_label offset 0,0.4
        } else {
            set xtics ("" 1, "" 4, "" 16, "" 64, "" 256, "" 1024, "" 4096, "" 16384, "" 65536)
            unset xlabel
        }
        if (p == 1) {
            set key at screen 0.5 * (0.58 + width - 0.17) / width, (legend - 0.02) / height center top vertical maxrows legend_rows Left reverse samplen 2 spacing 1 width 1
        } else { unset key; unset title; unset label 2 }
        plot for [i=1:series] data index block(p, i) using 1:4 with linespoints lw 1.1 dt way_dash(i) pt way_point(i) ps (i == 4 ? 1.5 : 0.9) * dot lc rgb way_colour(i) title label_word(i)
    }
    unset multiplot
    unset output
}
