# SPDX-License-Identifier: MIT
#
# Time against error and against bytes per token: a point per kernel (its shape) and format (its
# colour), pale if another beats it in all three; a stepped line through what nothing beats in the
# panel.

formats_seen = ""
do for [f=0:words(formats)] {
    here = 0
    do for [i=1:series] {
        stats data index block(1, i) using ($5 == f ? 1 : 0) nooutput
        if (STATS_max > 0) { here = 1 }
    }
    if (here) { formats_seen = formats_seen . " " . f }
}

legend_rows = int(ceil(series / 2.0))
longest = 0
do for [i=1:series] { if (strlen(label_word(i)) > longest) { longest = strlen(label_word(i)) } }
legend_scale = longest > 16 ? 0.8 : 1
legend = 0.155 * legend_rows + 0.05
formats_line = 0.2
panel_height = 1.6
top = 0.24 + formats_line
gap = 0.46
bottom = 0.4 + legend
height = top + 2 * panel_height + gap + bottom

paled(format, beaten) = format_colour(int(format)) + (beaten > 0 ? 0xB8000000 : 0)
least = 1e99
most = 0
do for [i=1:series] {
    stats data index block(1, i) using 3 nooutput
    least = STATS_min < least ? STATS_min : least
    stats data index block(1, i) using 4 nooutput
    most = STATS_max > most ? STATS_max : most
}
set logscale xy
set yrange [least / 1.4 : most * 2.2]
set format y "%.0s %cs"
set mytics 10
if (most / least < 60) {
    do for [decade = int(floor(log10(least / 1.4))) : int(floor(log10(most * 2.2)))] {
        do for [digit in "1 2 5"] {
            set ytics add (gprintf("%.0s %cs", digit * 10.0**decade) digit * 10.0**decade)
        }
    }
}

do for [terminal in terminals] {
    eval open(terminal, height)
    legend_font = sized(terminal, legend_scale)
    set multiplot
    eval across(0.80, 0.17)
    do for [p=1:2] {
        eval place(top + (p - 1) * (panel_height + gap), panel_height, height)
        unset label
        if (p == 1) {
            set title title offset 0,0.9
            set label 2 "time per new token" at screen 0.11 / width, 0.5 + 0.5 * (bottom - top) / height center rotate
            n = 0
            do for [f in formats_seen] {
                set label 10 + n format_word(int(f)) at screen (0.92 + 0.5 * n) / width, 1 - (top - 0.13) / height left point pt 5 ps 1.2 * dot lc rgb format_colour(int(f)) offset 0.7,-0.3
                n = n + 1
            }
            set xlabel "error of o, relative (root mean square)" offset 0,label_lift
            unset mxtics
            set xtics () # labels as people type them: the axes' own would need enhanced text
            do for [decade = -9:2] { set xtics add (sprintf("1e%d", decade) 10.0**decade) }
            set label 1 panel_word(1) at graph 0.02,0.94 left front
            set key at screen 0.5 * (0.80 + width - 0.17) / width - 0.06, (legend - 0.02) / height center top vertical maxrows legend_rows Left reverse samplen 1 spacing 1 width -1 font legend_font
        } else {
            unset title
            unset key
            set xlabel "cache, bytes per token and layer" offset 0,label_lift
            set xtics ("64 B" 64, "256 B" 256, "1 KiB" 1024, "4 KiB" 4096, "16 KiB" 16384, "64 KiB" 65536, "256 KiB" 262144)
        }
        set autoscale x
        set offsets graph 0.04, graph 0.04, 0, 0
        plot data index 2 * series + p - 1 using 1:2 with steps lw 0.8 lc rgb "#909090" notitle, \
             for [i=1:series] data index block(p, i) using 1:2:3:4:(paled($5, $6)) with yerrorbars lw 0.6 ps 0 lc rgb variable notitle, \
             for [i=1:series] data index block(p, i) using 1:2:(paled($5, $6)) with points pt point(series_word(i)) ps 1.3 * dot lc rgb variable notitle, \
             for [i=1:series] keyentry with points lc rgb "#404040" pt point(series_word(i)) title label_word(i)
    }
    unset multiplot
    unset output
}
