# SPDX-License-Identifier: GPL-2.0-only
# Prints the values of the bench "bounce" as a table for people.

END {
	load_of["one"] = "one at a time"
	load_of["1to1"] = "64, then taken"
	load_of["stream"] = "stream"
	ring_of["evchan"] = "event channel, 64 bytes"
	ring_of["kevent"] = "kevent ring, 40 bytes"
	ring_of["ring16"] = "io_uring's shape, 16 bytes"
	ring_of["bare"] = "bare lines"
	loads = split("one 1to1 stream", load, " ")
	rings = split("bare evchan kevent ring16", ring, " ")
	print "A bounce, a bare line that is handed over and handed back, takes " \
		shown("bare", "bounce") " ns (" quartiles("bare", "bounce", "") ")."
	print ""
	print_row("load", "ring", "ns/event", "quartiles", "bounces", "quartiles", "x bare", "quartiles", "cycles")
	for (i = 1; i <= loads; i++) {
		suffix = load[i] == "1to1" ? "" : ":" load[i]
		for (j = 1; j <= rings; j++)
			if (where("bounce", ring[j], "cost" suffix))
				row(load_of[load[i]], ring[j], suffix)
	}
	print ""
	print_row("of 64, then taken:", "", "posting", "quartiles", "taking", "quartiles")
	for (j = 1; j <= rings; j++)
		if (where("bounce", ring[j], "post"))
			print_row("", ring_of[ring[j]], shown(ring[j], "post"), quartiles(ring[j], "post", ""),
				  shown(ring[j], "take"), quartiles(ring[j], "take", ""))
}

function row(load, ring, suffix) {
	print_row(load, ring_of[ring], shown(ring, "cost" suffix), quartiles(ring, "cost", suffix),
		  shown(ring, "bounces" suffix), quartiles(ring, "bounces", suffix),
		  shown(ring, "ratio" suffix), quartiles(ring, "ratio", suffix),
		  shown(ring, "cycles" suffix))
}

function shown(ring, metric) {
	return where("bounce", ring, metric) ? sprintf("%.2f", get("bounce", ring, metric)) : "-"
}

function quartiles(ring, metric, suffix) {
	return shown(ring, metric ".low" suffix) " to " shown(ring, metric ".high" suffix)
}

function print_row(load, ring, a, b, c, d, e, f, g,    line) {
	line = sprintf("%-18s %-26s %8s %17s %8s %14s %7s %14s %8s", load, ring, a, b, c, d, e, f, g)
	sub(/ +$/, "", line)
	print line
}
