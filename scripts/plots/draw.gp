# SPDX-License-Identifier: MIT
#
# Draws one plot as SVG, PDF and PNG. Runs in the report's folder:
#   gnuplot -c draw.gp FOLDER_OF_THIS FIGURE NAME TITLE PANELS SERIES LABELS X_LABEL
# reads data/NAME.tsv and writes plots/NAME.svg, .pdf and .png with FIGURE.gp. PANELS, SERIES and
# LABELS (what the legend says of the series) are words; spaces inside a word are no-break spaces.
# Strings come from model and kernel names: nothing here evaluates them.

scripts = ARG1
figure = ARG2
name = ARG3
title = ARG4
panel_words = ARG5
series_words = ARG6
label_words = ARG7
x_label = ARG8

load scripts . "/style.gp"
load scripts . "/" . figure . ".gp"
