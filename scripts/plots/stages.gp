# SPDX-License-Identifier: MIT
#
# Shares of the time as stacked bars: a panel per case, a bar per kernel. Greyscale print tells the
# stages apart by lightness and hatching.

block_of(p) = p - 1
row_height = 0.165
load scripts . "/rows.gp"

low(y) = y - 0.36
high(y) = y + 0.36
set grid noytics nomytics
set style line 1 lc rgb "#0072b2"
set style line 2 lc rgb "#56b4e9"
set style line 3 lc rgb "#e69f00" lw 0.7
set style line 4 lc rgb "#000000"
set style line 5 lc rgb "#808080" lw 0.5

do for [terminal in terminals] {
    eval open(terminal, height)
    set multiplot
    eval across(1.35, 0.68)
    set label 3 title at screen 0.5, 1 - 0.13 / height center
    do for [p=1:panels] {
        eval panel(p)
        if (p == panels) { set xlabel "share of the time, %" offset 0,label_lift; set format x "%g" } else { unset xlabel; set format x "" }
        if (p == 1) {
            set key at screen 0.5, 0.17 / height center center vertical maxrows 2 Left reverse Left reverse samplen 1.2
        } else { unset key; unset label 3 }
        plot data index p - 1 using (0):1:2 with labels right offset -0.8,0 notitle, \
             data index p - 1 using (0):1:(0):7:(low($1)):(high($1)) with boxxyerror ls 5 fs empty border notitle, \
             data index p - 1 using 5:1:5:6:(low($1)):(high($1)) with boxxyerror ls 4 fs solid 1 noborder notitle, \
             data index p - 1 using 4:1:4:5:(low($1)):(high($1)) with boxxyerror ls 3 fs pattern 4 border notitle, \
             data index p - 1 using 3:1:3:4:(low($1)):(high($1)) with boxxyerror ls 2 fs solid 1 noborder notitle, \
             data index p - 1 using (0):1:(0):3:(low($1)):(high($1)) with boxxyerror ls 1 fs solid 1 noborder notitle, \
             data index p - 1 using (100):1:8 with labels left offset 0.5,0 notitle, \
             keyentry with boxes ls 1 fs solid 1 noborder title "absorb", \
             keyentry with boxes ls 2 fs solid 1 noborder title "core", \
             keyentry with boxes ls 3 fs pattern 4 border title "value-up", \
             keyentry with boxes ls 4 fs solid 1 noborder title "store", \
             keyentry with boxes ls 5 fs empty border title "other"
    }
    unset multiplot
    unset output
}
