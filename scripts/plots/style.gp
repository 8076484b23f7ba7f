# SPDX-License-Identifier: MIT
#
# The style of every plot, and how a kernel looks in all of them.

# One line per kernel: name, colour, dash type, point type. Hue tells the arithmetic (grey: baseline,
# warm: expanded, cool: absorbed), dash and point the implementation (dotted, open: obvious loops;
# dashed, diamond: tiled; solid, filled: BLAS or vector), so that greyscale print keeps them apart.
# Colours: Okabe and Ito's, safe for the colour-blind.
kernels = "\
  MHA              000000 1 9 \
  mha              000000 1 9 \
  GQA-8            595959 2 8 \
  MQA              8c8c8c 4 10 \
  auto             000000 3 4 \
  naive            e69f00 3 4 \
  blocked          d55e00 2 12 \
  blocked-blas     cc79a7 1 5 \
  expanded         d55e00 1 5 \
  absorbed         56b4e9 3 6 \
  absorbed-blocked 0072b2 2 13 \
  absorbed-blas    009e73 1 7 \
  latent           0072b2 1 7 "

# A kernel without a line gets what its name's letters add up to, the same in every plot.
other_colours = "9c5b00 a0187d 5b8f00 7a3fbf b5403a 3d6f78"
other_points = "3 11 2 14 1 15"
letters = "abcdefghijklmnopqrstuvwxyz0123456789-._:+ABCDEFGHIJKLMNOPQRSTUVWXYZ"
sum_of(name) = sum [i=1:strlen(name)] i * strstrt(letters, name[i:i])
place_of(name) = sum [i=1:words(kernels)/4] (word(kernels, 4*i - 3) eq name ? i : 0)
colour_word(name) = place_of(name) ? word(kernels, 4*place_of(name) - 2) \
    : word(other_colours, 1 + sum_of(name) % words(other_colours))
colour(name) = int("0x" . colour_word(name))
dash(name) = place_of(name) ? int(word(kernels, 4*place_of(name) - 1)) : 5
point(name) = place_of(name) ? int(word(kernels, 4*place_of(name))) \
    : int(word(other_points, 1 + (sum_of(name) / words(other_colours)) % words(other_points)))

# Cache formats where colour tells them: from dark to warm as they get narrower. Counted from 0, the
# last for those without a name.
formats = "fp32 bf16 fp16 fp8 int8"
format_colours = "000000 0072b2 56b4e9 d55e00 009e73 8c8c8c"
format_word(i) = i < words(formats) ? word(formats, i + 1) : "other"
format_colour(i) = int("0x" . word(format_colours, i + 1))
format_place(name) = words(formats) - sum [i=1:words(formats)] (word(formats, i) eq name ? words(formats) - i + 1 : 0)

# Column width, in inches; text as in a paper's captions, in points. PDF and PNG are set in LaTeX's
# Latin Modern, its design for 8 points, where fontconfig has it (Debian: fonts-lmodern); what stands
# in for it is wider, hence smaller. SVG is for screens, which may lack it.
width = 3.4
latin_modern = "LM Roman 8"
has_latin_modern = strlen(system("fc-list '" . latin_modern . "' family 2>/dev/null")) > 0
text_size = has_latin_modern ? 8 : 7
face(terminal) = has_latin_modern && terminal ne "svg" ? latin_modern : "sans-serif"
terminals = "svg pdf png"
# A font, K times as large as the plot's; `face_of` says bold or italic: ":Bold" or "".
styled(terminal, k, face_of) = sprintf("%s%s,%g", face(terminal), face_of, \
    k * (terminal eq "svg" ? 14 : text_size))
sized(terminal, k) = styled(terminal, k, "")

# `eval open(terminal, height)`, height in inches. The SVG's unit is half a point; cairo's point is
# 1/96 inch in a PNG and 1/54 in a PDF. Latin Modern's lines are high: tics' labels come closer,
# and an axis' own by label_lift. This switches the tics of x on: unset them after it.
open(terminal, height) = (terminal eq "svg" \
    ? sprintf("set terminal svg noenhanced size %d,%d font '%s' linewidth 2 fontscale 1 background rgb 'white'; dot = 0.75; set pointsize dot;", \
        144*width, 144*height, sized(terminal, 1)) \
    : terminal eq "pdf" \
    ? sprintf("set terminal pdfcairo noenhanced size %gin,%gin font '%s' linewidth 1.2 fontscale %g; dot = 0.5; set pointsize dot;", \
        width, height, sized(terminal, 1), has_latin_modern ? 0.75 : 0.82) \
    : sprintf("set terminal pngcairo noenhanced size %d,%d font '%s' fontscale %g linewidth 4; dot = 2.0; set pointsize dot;", \
        300*width, 300*height, sized(terminal, 1), has_latin_modern ? 3.125 : 4.1)) \
    . sprintf("set xtics offset 0,%g; label_lift = %g;", \
        face(terminal) eq latin_modern ? 0.4 : 0, face(terminal) eq latin_modern ? 1.1 : 0.4) \
    . sprintf("set output 'plots/%s.%s'", name, terminal)

set encoding utf8
set micro
set datafile separator "\t"
data = "data/" . name . ".tsv"
panels = words(panel_words)
series = words(series_words)
panel_word(i) = word(panel_words, i)
series_word(i) = word(series_words, i)
label_word(i) = word(label_words, i)
block(panel, i) = (panel - 1) * series + i - 1

set style line 100 lc rgb "#d9d9d9" lw 0.5 dt 1
set style line 101 lc rgb "#efefef" lw 0.4 dt 1
set style line 102 lc rgb "#404040" lw 0.6 dt 1
set border 3 ls 102
set tics nomirror out scale 0.5,0.25
set grid xtics ytics mxtics mytics ls 100, ls 101
unset key

# A panel's place, in inches from the top and bottom edge.
place(top, panel_height, height) = sprintf("set tmargin at screen %g; set bmargin at screen %g", \
    1 - top / height, 1 - (top + panel_height) / height)
across(left, right) = sprintf("set lmargin at screen %g; set rmargin at screen %g", \
    left / width, 1 - right / width)

# Where the marks of a panel are, for the report's numbers on hover, if the table's own columns do not
# say it: `using 1:(mark($1, $4))` keeps the place of a row's mark, in the axes' numbers, and
# `eval told(terminal, "xy")` behind the plot writes what was kept, and the axes, to data/NAME.marks;
# "xy", "x", "y" or "" says which are logarithmic, as gnuplot does not.
marks = ""
told_panels = 0
mark(x, y) = (y == y ? (marks = marks . sprintf("%d %d %.7g %.7g\n", column(-2) + 1, column(0), x, y)) : 0, y)
axes(logarithmic) = sprintf("axes %.7g %.7g %.7g %.7g %.7g %.7g %.7g %.7g %d %d", GPVAL_TERM_XMIN, GPVAL_TERM_XMAX, \
    GPVAL_TERM_YSIZE / GPVAL_TERM_SCALE - GPVAL_TERM_YMIN, GPVAL_TERM_YSIZE / GPVAL_TERM_SCALE - GPVAL_TERM_YMAX, \
    GPVAL_X_MIN, GPVAL_X_MAX, GPVAL_Y_MIN, GPVAL_Y_MAX, strstrt(logarithmic, "x") > 0, strstrt(logarithmic, "y") > 0)
told(terminal, logarithmic) = "if (terminal eq 'svg') { set print 'data/" . name . ".marks'" . (told_panels ? " append" : "") \
    . "; print axes('" . logarithmic . "'); print marks; unset print; told_panels = 1 }; marks = ''"
