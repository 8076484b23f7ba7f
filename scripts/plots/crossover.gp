# SPDX-License-Identifier: MIT
#
# Time per new token against new tokens at once: a line per kernel with the quartiles of its
# repetitions, and where absorbing stops to pay: dashed by FLOPs, solid with a ring as measured. Two
# blocks after the series' have those places.

stats data index 0:series-1 using 3 nooutput
least = STATS_min
stats data index 0:series-1 using 4 nooutput
most = STATS_max
context_least = 0
context_most = 0
load scripts . "/contexts.gp"

# A block without data has no line; `stats` then takes its variables away or counts 0 records.
flops_block = series
measured_block = series + 1
stats data index flops_block using 1 nooutput
has_flops = exists("STATS_records") ? STATS_records > 0 : 0
flops_at = has_flops ? STATS_min : 1
stats data index measured_block using 1 nooutput
has_measured = exists("STATS_records") ? STATS_records > 0 : 0
measured_first = has_measured ? STATS_min : 1
measured_last = has_measured ? STATS_max : 1

# The style's table has no line for each instruction set's kernels. Those without one are told apart
# by their order, column 8: absorbed blue and solid, re-expanded red and dashed; `auto`, which runs
# along one of them, is open squares around the other's marks.
blues = "004c78 3b8fc4 6a51a3"
reds = "a63603 e6550d 7a4a00"
round_points = "7 9 11"
square_points = "5 13 15"
array look_colour[series]
array look_dash[series]
array look_point[series]
blue = 0
red = 0
do for [i=1:series] {
    stats data index i - 1 using 8 nooutput
    look_colour[i] = colour(series_word(i))
    look_dash[i] = dash(series_word(i))
    look_point[i] = point(series_word(i))
    if (series_word(i) eq "auto") {
        look_colour[i] = 0
        look_dash[i] = 3
        look_point[i] = 4
    } else { if (!place_of(series_word(i))) {
        absorbs = STATS_mean > 0.5
        if (absorbs) { blue = blue + 1 } else { red = red + 1 }
        rank = (absorbs ? blue : red) - 1
        look_colour[i] = int("0x" . word(absorbs ? blues : reds, 1 + rank % 3))
        look_dash[i] = absorbs ? 1 : 2
        look_point[i] = int(word(absorbs ? round_points : square_points, 1 + rank % 3))
    } }
}
mark(i) = series_word(i) eq "auto" ? 1.7 : 1

legend_rows = int(ceil(series / 2.0))
legend = 0.155 * legend_rows + 0.05
panel_height = 2.1
# A long title is broken after the model.
comma = strlen(title) > 50 ? strstrt(title, ", ") : 0
title_rows = comma ? 2 : 1
top = 0.24 + 0.13 * (title_rows - 1)
bottom = 0.4 + legend
height = top + panel_height + bottom

# Above the data two rows of labels, which the grid must not strike out.
set style textbox opaque noborder fillcolor rgb 'white' margins 0.3,0.3
data_share = 0.82
set logscale y 10
set yrange [least / 1.15 : least / 1.15 * (1.3225 * most / least)**(1 / data_share)]
set format y "%.0s %cs"
set mytics 10
# Decades alone would leave a short axis with one label, and so might 1, 2, 5.
digits = most / least < 4 ? "1 2 3 4 5 7" : "1 2 5"
if (most / least < 60) {
    do for [decade = int(floor(log10(least / 1.5))) : int(floor(log10(most * 1.5)))] {
        do for [digit in digits] {
            set ytics add (gprintf("%.0s %cs", digit * 10.0**decade) digit * 10.0**decade)
        }
    }
}

# Labels go to the side that has room. A label in the upper row may pass above the lower one's line,
# never the other way round, so the upper one belongs to the line that is further from its label's
# side; lines far apart have a side each, and labels that stay between them.
across_of(x) = log(1.2 * x / context_least) / log(1.44 * context_most / context_least)
flops_place = across_of(flops_at)
measured_place = across_of(sqrt(measured_first * measured_last))
apart = has_flops && has_measured && abs(flops_place - measured_place) > 0.4
middle = has_flops && has_measured ? 0.5 * (flops_place + measured_place) \
    : has_flops ? flops_place : measured_place
flops_left = (apart ? flops_place : middle) > 0.5
measured_left = (apart ? measured_place : middle) > 0.5
measured_label_at = measured_left ? measured_first : measured_last
flops_upper = flops_left ? flops_at >= measured_label_at : flops_at < measured_label_at
rounded(x) = sprintf("%.0f", x)
measured_text = "measured: " . rounded(measured_first) \
    . (measured_last > measured_first ? " to " . rounded(measured_last) : "")
flops_text = "by FLOPs: " . rounded(flops_at)
row(upper) = upper ? 0.955 : 0.875
line(n, x, upper, look) = sprintf("set arrow %d from first %g, graph 0 to first %g, graph %g nohead back lw 0.9 lc rgb '#404040' %s", \
    n, x, x, row(upper) + 0.03, look)
label(n, x, upper, left, text) = sprintf("set label %d '%s' at first %g, graph %g %s offset %g,0 front boxed", \
    n, text, x, row(upper), left ? "right" : "left", left ? -0.6 : 0.6)
if (has_flops) {
    eval line(1, flops_at, flops_upper, "dt 2")
    eval label(4, flops_at, flops_upper, flops_left, flops_text)
}
if (has_measured) {
    eval line(2, measured_first, !flops_upper, "dt 1")
    eval line(3, measured_last, !flops_upper, "dt 1")
    eval label(5, measured_label_at, !flops_upper, measured_left, measured_text)
}

do for [terminal in terminals] {
    eval open(terminal, height)
    eval across(0.80, 0.17)
    eval place(top, panel_height, height)
    eval labelled_tics
    set xlabel x_label offset 0,label_lift
    set label 3 title[comma ? comma + 2 : 1 : *] at screen 0.5, 1 - (top - 0.11) / height center
    if (comma) { set label 6 title[1:comma-1] at screen 0.5, 1 - 0.13 / height center }
    set label 2 "time per new token" at screen 0.11 / width, 0.5 + 0.5 * (bottom - top) / height center rotate
    set key at screen 0.5, (legend - 0.02) / height center top vertical maxrows legend_rows Left reverse samplen 3 spacing 1 width -2
    plot for [i=1:series] data index block(1, i) using 1:2:3:4 with yerrorbars lw 0.6 ps 0 lc rgb look_colour[i] notitle, \
         for [i=1:series] data index block(1, i) using 1:2 with linespoints lw 1.1 lc rgb look_colour[i] dt look_dash[i] pt look_point[i] ps mark(i) * dot title label_word(i), \
         data index measured_block using 1:2 with points pt 6 ps 2.2 * dot lw 1 lc rgb "#404040" notitle
    unset output
}
