# SPDX-License-Identifier: MIT
#
# The roofline: a panel per case, a mark per kernel and state of the caches. The first series of a
# panel is its roofs: value in column 1; in column 2 0 for the FMA peak, 1 to 4 for L1 to DRAM.

# A panel's FMA peak, NaN if it is not known, where the steepest slope meets it, the slopes' values
# and what is said of them.
array peak[panels]
array ridge[panels]
array slope[4 * panels]
array heading[panels]
do for [p=1:panels] {
    flat = NaN; steepest = 0; text = ""
    stats data index block(p, 1) using (flat = ($2 == 0 ? $1 : flat), steepest = ($2 > 0 && $1 > steepest ? $1 : steepest), text = strcol(5), 1) nooutput
    peak[p] = flat
    ridge[p] = steepest > 0 ? flat / steepest : 0
    heading[p] = text
    do for [l=1:4] {
        now = NaN
        stats data index block(p, 1) using (now = ($2 == l ? $1 : now), 1) nooutput
        slope[4 * (p - 1) + l] = now
    }
}

# The last block holds the least and the most of every mark and ridge.
stats data index panels * series using 1:2 nooutput
least_x = STATS_min_x / 3; most_x = STATS_max_x * 2
least_y = STATS_min_y / 1.5; most_y = STATS_max_y * 1.5

# Filled and hollow marks of one shape: circle, square, triangles, diamond, pentagon. What has no
# inside in other plots gets one of them here.
shape(name) = point(name) < 4 ? int(word("5 13 9", point(name))) : 2 * (point(name) / 2) + 1
hollow(pt) = pt - 1
levels = "L1 L2 L3 DRAM"
level_colour = "#a0a0a0 #808080 #606060 #202020"
level_dash = "3 2 4 1"

legend_rows = int(ceil((series + 1) / 2.0))
# Two columns of long names would not fit.
longest = 0
do for [i=2:series] { if (strlen(series_word(i)) > longest) { longest = strlen(series_word(i)) } }
legend_scale = longest > 16 ? 0.8 : 1
legend = (longest > 16 ? 0.125 : 0.15) * legend_rows + 0.06
panel_height = 1.4
top = 0.56
gap = 0.4
bottom = 0.4 + legend
height = top + panels * panel_height + (panels - 1) * gap + bottom
left = 0.55
right = 0.12

set logscale xy 10
set xrange [least_x : most_x]
set yrange [least_y : most_y]
set format y "%g"
set mxtics 10
set mytics 10
set errorbars 0
# What is written along a slope.
decades(least, most) = log10(most / least)
angle = atan2(panel_height / decades(least_y, most_y), (width - left - right) / decades(least_x, most_x)) * 180 / pi

do for [terminal in terminals] {
    eval open(terminal, height)
    legend_font = sized(terminal, legend_scale)
    small_font = sized(terminal, 0.8)
    set multiplot
    eval across(left, right)
    set label 3 title at screen 0.5, 1 - 0.13 / height center
    do for [p=1:panels] {
        panel_top = top + (p - 1) * (panel_height + gap)
        eval place(panel_top, panel_height, height)
        set label 2 "GFLOP/s" at screen 0.11 / width, 1 - (panel_top + 0.5 * panel_height) / height center rotate
        if (p == panels) { set xlabel x_label offset 0,label_lift; set format x "%g" } else { unset xlabel; set format x "" }
        set label 1 panel_word(p) at screen 0.1 / width, 1 - (panel_top - 0.22) / height left font small_font
        set label 4 heading[p] at screen 0.1 / width, 1 - (panel_top - 0.09) / height left font small_font textcolor rgb "#404040"
        if (p == 1) {
            set key at screen 0.5, (legend - 0.02) / height center top vertical maxrows legend_rows Left reverse samplen 1 spacing 1 width 0 font legend_font
        } else { unset key; unset label 3 }
        flat = peak[p]
        known = flat == flat
        ridge_x = ridge[p] > least_x ? ridge[p] : least_x
        # The name of a slope that is close to the one above stands further along it.
        above = 1e300; along = least_x * 1.07
        do for [l=1:4] {
            unset label 10 + l
            now = slope[4 * (p - 1) + l]
            if (now == now) {
                along = above / now < 1.7 ? along * 2.2 : least_x * 1.07
                above = now
                set label 10 + l word(levels, l) at first along, first now * along rotate by angle left offset 0,0.35 front font small_font textcolor rgb word(level_colour, l)
            }
        }
        unset label 20
        if (known) { set label 20 gprintf("FMA peak %.3g GFLOP/s", flat) at graph 0.985, first flat right offset 0,0.45 front font small_font }
        end_y = known ? flat : most_y
        plot data index block(p, 1) using ($2 == 0 ? least_x : NaN):1:(ridge_x):(most_x):3:4 with boxxyerror fs solid noborder fc rgb "#ececec" notitle, \
             for [l=1:4] data index block(p, 1) using ($2 == l ? least_x : NaN):($1 * least_x):(end_y / $1 - least_x):(end_y - $1 * least_x) with vectors nohead lw 1 lc rgb word(level_colour, l) dt int(word(level_dash, l)) notitle, \
             data index block(p, 1) using ($2 == 0 ? ridge_x : NaN):1:(most_x - ridge_x):(0) with vectors nohead lw 1.4 lc rgb "#202020" notitle, \
             for [i=2:series] data index block(p, i) using 1:2:3:4 with yerrorbars lw 0.6 ps 0 lc rgb colour(series_word(i)) notitle, \
             for [i=2:series] data index block(p, i) using ($5 == 0 ? $1 : NaN):2 with points pt shape(series_word(i)) lc rgb colour(series_word(i)) notitle, \
             for [i=2:series] data index block(p, i) using ($5 == 1 ? $1 : NaN):2 with points pt hollow(shape(series_word(i))) lw 1.2 lc rgb colour(series_word(i)) notitle, \
             keyentry with points pt 7 lc rgb "#404040" title "warm caches", \
             keyentry with points pt 6 lw 1.2 lc rgb "#404040" title "cold caches", \
             for [i=2:series] keyentry with points pt shape(series_word(i)) lc rgb colour(series_word(i)) title series_word(i)
    }
    unset multiplot
    unset output
}
