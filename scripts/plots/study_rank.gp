# SPDX-License-Identifier: MIT
#
# Error against the rank of a latent of keys and values: [K | V] above, the output below, a line per
# kind of data. Columns: rank, data, output, held_out, fitted, separate, bytes, saved.

data_colours = "000000 56b4e9 0072b2 009e73 d55e00"
data_points = "7 9 5 13 4"
data_colour(i) = int("0x" . word(data_colours, 1 + (i - 1) % words(data_colours)))
data_point(i) = int(word(data_points, 1 + (i - 1) % words(data_points)))

legend_rows = int(ceil(series / 2.0))
legend = 0.155 * legend_rows + 0.05
panel_height = 1.45
top = 0.62
gap = 0.12
bottom = 0.4 + legend
height = top + 2 * panel_height + gap + bottom

stats data index 0 using ($1 * $8) nooutput
elements = STATS_max
stats data using 1 nooutput
most = STATS_max
set logscale xy
set logscale x2
set xrange [6.8 : most * 1.28]
set x2range [elements / 6.8 : elements / (most * 1.28)]
# The full rank loses nothing: what rounding leaves is far below, and not drawn.
seen(error) = error > 1e-9 ? error : NaN
set yrange [1e-3 : 1.5]
set ytics ("0.1 %%" 1e-3, "1 %%" 1e-2, "10 %%" 0.1, "100 %%" 1)
set mytics 10
unset mxtics

do for [terminal in terminals] {
    eval open(terminal, height)
    set multiplot
    eval across(0.76, 0.17)
    set label 2 "error, relative (root mean square)" at screen 0.11 / width, 0.5 + 0.5 * (bottom - top) / height center rotate
    do for [p=1:2] {
        eval place(top + (p - 1) * (panel_height + gap), panel_height, height)
        set label 1 (p == 1 ? "[K | V]" : "output o") at graph 0.02,0.08 left front
        if (p == 2) {
            set xtics ("8" 8, "" 16, "32" 32, "" 64, "128" 128, "" 256, "512" 512, "" 1024, "2048" 2048)
            set xlabel x_label offset 0,0.4
            unset x2tics
            unset key
            unset title
            unset label 2
            unset label 3
        } else {
            set xtics ("" 8, "" 16, "" 32, "" 64, "" 128, "" 256, "" 512, "" 1024, "" 2048)
            unset xlabel
            set x2tics out scale 0.5 ("512" 512, "128" 128, "32" 32, "8" 8, "4" 4, "2" 2) offset 0,-0.5
            set label 4 title at screen 0.5, 1 - 0.1 / height center
            set label 3 "times fewer bytes than K and V" at screen 0.5 * (0.76 + width - 0.17) / width, 1 - 0.3 / height center
            set key at screen 0.5 * (0.76 + width - 0.17) / width - 0.06, (legend - 0.02) / height center top vertical maxrows legend_rows Left reverse samplen 2 spacing 1 width -1
        }
        set arrow 1 from first most, graph 0 to first most, graph 1 nohead lc rgb "#404040" lw 0.8 dt 3 front
        set label 5 "exact" at first most * 1.13, graph 0.5 center rotate front
        plot for [i=1:series] data index block(1, i) using 1:(mark($1, seen(p == 1 ? $4 : $3))) with linespoints lw 1.1 pt data_point(i) ps 0.8 * dot lc rgb data_colour(i) title label_word(i)
        eval told(terminal, "xy")
        unset label 4
    }
    unset multiplot
    unset output
}
