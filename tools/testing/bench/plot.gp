# SPDX-License-Identifier: GPL-2.0-only
#
# Draws bench.png, for bench, from the files plot-* of the directory it runs in.
set terminal pngcairo size 1000,420 font "sans,10"
set output "bench.png"
set multiplot layout 1,2
set key top left
set grid ytics
set title "create, on the newest kernel"
set xlabel "devices that are there already"
set ylabel "instructions"
set logscale x
set yrange [0:*]
plot "plot-vfio-mainline" with linespoints title "mainline, with VFIO", \
	"plot-vfio-ours" with linespoints title "ours, with VFIO", \
	"plot-many-ours" with linespoints title "ours, with VFIO and patches/many", \
	"plot-core-mainline" with linespoints title "mainline, the core alone", \
	"plot-core-ours" with linespoints title "ours, the core alone"
unset logscale
set title "one access to a register"
unset xlabel
set style data histograms
set style fill solid 0.8
set boxwidth 0.8
set xtics rotate by -25 noenhanced
set logscale y
set yrange [100:50000]
set key top right
plot "plot-register-mainline" using 2:xtic(1) title "mainline", \
	"plot-register-ours" using 2 title "ours", \
	"plot-process" using 2 title "a process, by a socket"
unset multiplot
