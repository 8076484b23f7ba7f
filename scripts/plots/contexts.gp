# SPDX-License-Identifier: MIT
#
# A logarithmic axis of contexts (column 1 of the data), with tics as people say them: 64, 1k, 128k.
# They count downwards from the longest: every doubling, or every second where there are many.
# Before: context_least and context_most, which the range holds in any case (0: only the data's).
# Sets the range and leaves the command for the tics in labelled_tics and, for the upper panels,
# bare_tics.

stats data using 1 nooutput
if (context_least == 0 || STATS_min < context_least) { context_least = STATS_min }
if (STATS_max > context_most) { context_most = STATS_max }
exponent_of(x) = int(floor(log(x) / log(2) + 0.01))
context_step = exponent_of(context_most) - exponent_of(context_least) > 6 ? 2 : 1
tokens(n) = n < 1024 ? sprintf("%d", n) : n < 1048576 ? sprintf("%dk", n / 1024) \
    : sprintf("%dM", n / 1048576)
labelled_tics = ""
bare_tics = ""
do for [i = exponent_of(context_most) : exponent_of(context_least) : -context_step] {
    comma = labelled_tics eq "" ? "" : ", "
    labelled_tics = labelled_tics . sprintf("%s'%s' %d", comma, tokens(2**i), 2**i)
    bare_tics = bare_tics . sprintf("%s'' %d", comma, 2**i)
}
labelled_tics = "set xtics (" . labelled_tics . ")"
bare_tics = "set xtics (" . bare_tics . ")"

set logscale x 2
set xrange [context_least / 1.2 : context_most * 1.2]
