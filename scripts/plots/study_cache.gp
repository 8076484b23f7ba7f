# SPDX-License-Identifier: MIT
#
# Bytes of a cached token over the latent's: a line per model, a mark per form of attention, of the
# panel of bf16. Columns: 1 model, 2 cache, 8 over_latent.

panel = 1
do for [p=1:panels] { if (panel_word(p) eq "bf16") { panel = p } }
looks = "latent:0072b2:7 expanded:d55e00:5 MHA:000000:9 GQA-8:595959:8 MQA:8c8c8c:10 inputs:cc79a7:3"
look_of(name, field) = sum [i=1:words(looks)] (word(looks, i)[1:strlen(name) + 1] eq name . ":" ? i : 0)
look(name) = word(looks, look_of(name, 0) > 0 ? look_of(name, 0) : 1)
after(s) = s[strstrt(s, ":") + 1:*]
look_colour(name) = int("0x" . after(look(name))[1:6])
look_point(name) = int(after(after(look(name))))

# The models in order, of the latent's block.
models = ""
first = 0
do for [i=1:series] { if (series_word(i) eq "latent") { first = i } }
stats data index block(panel, first) using (models = models . " " . strcol(1), 0) nooutput
count = words(models)
row_of(name) = count + 1 - (sum [i=1:count] (word(models, i) eq name ? i : 0))

legend_rows = 2
legend = 0.155 * legend_rows + 0.05
panel_height = 0.17 * count + 0.15
top = 0.24
bottom = 0.42 + legend
height = top + panel_height + bottom

set logscale x 10
set xrange [0.3:150]
set yrange [0.4:count + 0.6]
set format x "%g"
set xtics (0.5, 1, 2, 6, 10, 20, 50, 100)
set ytics ()
do for [i=1:count] { set ytics add (word(models, i) row_of(word(models, i))) }
set mytics 1
set arrow 1 from 6, graph 0 to 6, graph 1 nohead back dt 2 lw 1 lc rgb "#404040"

do for [terminal in terminals] {
    eval open(terminal, height)
    eval across(1.24, 0.12)
    eval place(top, panel_height, height)
    set xlabel x_label offset 0,0.4
    set label 3 title at screen 0.5, 1 - 0.11 / height center
    set key at screen 0.5, (legend - 0.02) / height center top vertical maxrows 2 Left reverse samplen 1 spacing 1 width 1
    plot for [i=1:series] data index block(panel, i) using 8:(mark($8, row_of(strcol(1)))) with points pt look_point(series_word(i)) ps 1.25 * dot lw 1 lc rgb look_colour(series_word(i)) title label_word(i)
    eval told(terminal, "x")
    unset output
}
