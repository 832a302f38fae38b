# SPDX-License-Identifier: GPL-2.0-only
# Writes a gnuplot script NAME.gnuplot for each picture, in the directory that the variable
# scripts names, and adds a row with the picture's caption.
#
# A picture is 360 units wide, so that its text can be read on a telephone. Its colours are only
# numbers, which svg.awk replaces.

END {
	for (b = 1; b <= benches; b++) {
		if (!grouped(bench_name[b], bench_text[b]) && !bars(bench_name[b], bench_text[b]))
			continue
		for (c = 1; c <= curves; c++)
			if (curve_bench[c] == bench_name[b])
				curve(bench_name[b], curve_start[c], curve_x[c], curve_y[c], curve_text[c])
	}
}

# Write a script. above and below are the heights of the margins. The one above has the unit, and
# then the key, whose lines are 15 high.
function draw(bench, name, text, unit, height, above, below, commands,    file) {
	file = scripts "/" name ".gnuplot"
	print "set terminal svg size 360," height " dynamic font 'sans-serif,11' noenhanced\n" \
		"set label " quoted(unit) " at character 1,screen " 1 - 10 / height " tc " colour("soft") "\n" \
		"set key at screen 0.99,screen " 1 - 18 / height " right top horizontal samplen 4 maxcols 2\n" \
		"set key tc " colour("soft") "\n" \
		"set tmargin at screen " 1 - above / height "\nset bmargin at screen " below / height "\n" \
		"set tics nomirror tc " colour("soft") "\n" commands > file
	close(file)
	print "plot\t" bench "\t" name "\t" text
}

function quoted(text) {
	gsub(/'/, "''", text)
	return "'" text "'"
}

function colour(name) {
	return "rgb " colour_number[name]
}

# The upper limit of a metric in the targets, as a number, or "" if it has none.
function limit(bench, api, metric,    i, field) {
	for (i = 1; i <= judgeds; i++) {
		split(judged_row[i], field, "\t")
		if (field[2] == bench && field[3] == metric && field[4] == api && sub(/^<=? */, "", field[6]) &&
		    field[6] ~ /^[0-9.]+$/)
			return field[6] + 0
	}
	return ""
}

# Add a bar with its name before it and its value behind it to the picture. The part beyond
# first is lighter. The limit, if there is one, is a line across the bar.
function bar(label, api, value, first, wanted,    end) {
	at_y += 1
	rows = rows at_y " " exact(first) " " exact(value) " " colour_number[api] "\n"
	tics = tics (tics == "" ? "" : ", ") quoted(label) " " at_y
	end = wanted + 0 > value ? wanted + 0 : value
	labels = labels "set label " quoted(number(value) (wanted == "" ? "" : ", limit " short(wanted))) \
		" at " (end > 0 ? end : 0) "," at_y " offset character 0.7,0\n"
	if (wanted != "")
		limits = limits "set arrow from " wanted "," at_y - 0.47 " to " wanted "," at_y + 0.47 \
			" nohead front lw 2 lc " colour("limit") "\n"
	most = end > most ? end : most
	least = value < least ? value : least
}

# A limit has no more digits than it needs.
function short(value) {
	return value >= 1000 ? number(value) : sprintf("%.4g", value)
}

function start_bars() {
	at_y = most = least = 0
	rows = tics = labels = limits = ""
}

# Draw the bars that were added. If two is set, they have two parts.
function draw_bars(bench, name, text, unit, two,    light, dark, parts, above) {
	light = "fs transparent solid 0.5 noborder lc "
	dark = "fs solid noborder lc "
	parts = "$d using (0):1:(0):2:($1-0.38):($1+0.38):4 with boxxyerror " dark "rgb variable notitle"
	if (two)
		parts = parts ", $d using (0):1:2:3:($1-0.38):($1+0.38):4 with boxxyerror " light "rgb variable notitle" \
			", keyentry with boxes " dark colour("floor") " title 'fetched'" \
			", keyentry with boxes " light colour("floor") " title 'taken to write'"
	if (limits != "")
		parts = parts ", keyentry with lines lw 2 lc " colour("limit") " title 'limit'"
	above = 20 + 15 * (2 * two + (limits != ""))
	draw(bench, name, text, unit, 18 * at_y + above + 14, above, 8,
	     "$d << E\n" rows "E\n" labels limits "set lmargin at screen 0.24\nset rmargin at screen 0.98\n" \
	     "set border 0\nunset xtics\nset ytics scale 0 (" tics ")\n" \
	     "set xrange [" least ":" least + 1.7 * (most - least) "]\nset yrange [" at_y + 0.7 ":0.3]\nplot " parts)
}

# Draw one bar for each interface. Returns 0 if there is nothing to compare.
function bars(bench, text,    i, v, unit) {
	start_bars()
	for (i = 1; i <= apis; i++) {
		v = get(bench, api_name[i], "cost")
		if (v == "" || !shown(bench, api_name[i]))
			continue
		# The cost of poll can be so high that the other bars would be invisible.
		if (api_name[i] == "poll" && most && v > 3 * most) {
			text = text " poll, which does not fit in the picture: " number(v) "."
			continue
		}
		unit = unit_of(bench, api_name[i], "cost")
		bar(api_name[i], api_name[i], v, v, limit(bench, api_name[i], "cost"))
	}
	if (at_y)
		draw_bars(bench, bench, text, unit, 0)
	return at_y
}

# The bench floor shows distances above the floor, so it does not show the floor itself.
function shown(bench, api) {
	return bench != "floor" || api != "floor"
}

# Draw the rows of a bench that has groups, one picture for each unit: bars for each interface
# and for its variant get_events, in two parts. Returns 0 if the bench has no groups.
function grouped(bench, text,    g, i, unit, seen, any) {
	for (g = 1; g <= groups; g++) {
		if (group_bench[g] != bench)
			continue
		for (i = 1; i <= apis; i++) {
			unit = unit_of(bench, api_name[i], "cost:" group_row[g])
			if (unit == "" || unit in seen)
				continue
			seen[unit] = 1
			picture_of_groups(bench, any++ ? "The same for a round trip." : text, unit)
		}
	}
	return any
}

function picture_of_groups(bench, text, unit,    g, i, any, part) {
	start_bars()
	for (g = 1; g <= groups; g++) {
		if (group_bench[g] != bench)
			continue
		any = 0
		for (i = 1; i <= apis; i++) {
			if (unit_of(bench, api_name[i], "cost:" group_row[g]) != unit)
				continue
			if (!any++) {
				at_y += 1.3
				labels = labels "set label " quoted(group_row[g] ": " group_text[g]) \
					" at screen 0.02,first " at_y "\n"
			}
			group_bar(bench, api_name[i], group_row[g], api_name[i])
			group_bar(bench, api_name[i], group_row[g] ":get_events", "get_events")
		}
	}
	split(unit, part, "/")
	draw_bars(bench, part[2] == "event" ? bench : bench "-" part[2], text, unit, 1)
}

function group_bar(bench, api, row, label,    v) {
	v = get(bench, api, "cost:" row)
	if (v != "")
		bar(label, api, v, get(bench, api, "fetched:" row), limit(bench, api, "cost:" row))
}

# Draw lines over the number that follows start in the metric. For the other interfaces,
# each point is the best of their variants. Lines that lie on each other remain visible: earlier
# ones are wider, later ones have gaps, and each interface has its own point type and size.
function curve(bench, start, xlabel, ylabel, text,    i, n, part, pattern, unit, data, lines, name, drawn) {
	split(start, part, "@")
	split("7 5 9 13 11 2", mark, " ")
	split("1 (14,6) (3,4) (18,5,3,5) (2,5) 1", dash, " ")
	left = right = low = high = marks = ""
	split("", at_x)
	for (i = 1; i <= apis; i++) {
		pattern = ours(api_name[i]) || part[1] ~ /:/ ? "" : "(:[^@]+)?"
		n = points(bench, api_name[i], "^" part[1] pattern "@" part[2] "[0-9]+$")
		if (n < 2)
			continue
		unit = value_unit[last]
		data = data "$" api_name[i] " << E\n" sorted(n) "E\n"
		lines = lines (lines == "" ? "" : ", ") "$" api_name[i] " using 1:2 with linespoints" \
			" lw " 5 - 0.7 * i " dt " dash[i] " pt " mark[i] " ps " 1 - 0.1 * i \
			" lc " colour(api_name[i]) " title '" api_name[i] "'"
		drawn++
	}
	if (lines == "")
		return
	name = start
	gsub(/[^a-z]+/, "-", name)
	sub(/^-/, "", name)
	sub(/-$/, "", name)
	draw(bench, bench "-" name, text, ylabel == "" ? unit : ylabel, 270, 28 + 15 * int((drawn + 1) / 2), 48,
	     data "set lmargin at screen 0.15\nset rmargin at screen 0.97\nset border 3 lc " colour("soft") "\n" \
	     "set grid ytics lt 1 lc " colour("line") "\nset logscale x\nset xtics (" marks ")\n" \
	     "set xrange [" left / 1.2 ":" right * 1.2 "]\nset xlabel " quoted(xlabel) " offset 0,0.3\n" \
	     "set xlabel tc " colour("soft") "\n" axis() "plot " lines)
}

# Where interfaces are far apart, a linear axis would put the lower ones on one another.
function axis() {
	if (low <= 0 || high / low <= 12)
		return "set format y '%.10g'\nset yrange [" (low < 0 ? "*" : 0) ":*]\n"
	return "set logscale y\nset yrange [" low / 1.4 ":" high * 1.4 "]\n" \
		"set format y '" (high < 10000 ? "%g" : "%.0s%c") "'\n" \
		"set ytics (1)\nset for [i=-3:12] ytics add (10.0**i" \
		(high / low < 2000 ? ", 2*10.0**i, 5*10.0**i" : "") ")\n"
}

# Collects the points of a curve in x[] and y[x]. Returns their number.
function points(bench, api, pattern,    i, n, at) {
	n = 0
	split("", x)
	split("", y)
	for (i = 1; i <= values; i++) {
		if (value_bench[i] != bench || value_api[i] != api || value_metric[i] !~ pattern)
			continue
		match(value_metric[i], /[0-9]+$/)
		at = substr(value_metric[i], RSTART) + 0
		if (!(at in y))
			x[++n] = at
		if (!(at in y) || value_of[i] < y[at])
			y[at] = value_of[i]
		last = i
	}
	return n
}

# The points as lines of data, in the order of x. They extend the range of the axes.
function sorted(n,    i, j, at, out) {
	for (i = 2; i <= n; i++) {
		at = x[i]
		for (j = i - 1; j > 0 && x[j] > at; j--)
			x[j + 1] = x[j]
		x[j + 1] = at
	}
	left = left == "" || x[1] < left ? x[1] : left
	right = x[n] > right + 0 ? x[n] : right
	for (i = 1; i <= n; i++) {
		out = out x[i] " " exact(y[x[i]]) "\n"
		low = low == "" || y[x[i]] < low ? y[x[i]] : low
		high = high == "" || y[x[i]] > high ? y[x[i]] : high
		if (!(x[i] in at_x))
			marks = marks (marks == "" ? "" : ", ") "'" number_at_axis(x[i]) "' " x[i]
		at_x[x[i]] = 1
	}
	return out
}

# A number at an axis: 250, 1000, 100k or 2M.
function number_at_axis(v) {
	if (v >= 10000 && v % 1000 == 0)
		return v % 1000000 ? v / 1000 "k" : v / 1000000 "M"
	return v
}
