# SPDX-License-Identifier: GPL-2.0-only
# Writes a gnuplot script NAME.gnuplot for each plot, in the directory that the variable
# scripts names, and adds a row with the plot's caption.

END {
	split("#1b6ca8 #6aaed6 #d9822b #8a5a9e #999999 #444444", colour, " ")
	for (b = 1; b <= benches; b++) {
		if (!bars(bench_name[b], bench_text[b]))
			continue
		for (c = 1; c <= curves; c++)
			if (curve_bench[c] == bench_name[b])
				curve(bench_name[b], curve_start[c], curve_x[c], curve_y[c], curve_text[c])
	}
}

function draw(bench, name, text, commands,    file) {
	file = scripts "/" name ".gnuplot"
	print "set terminal svg size 640,300 font 'sans-serif,12' noenhanced background '#ffffff'" > file
	print "set border 3 lc '#888888'\nset tics nomirror\nset grid ytics lc '#dddddd' lt 1" > file
	print commands > file
	close(file)
	print "plot\t" bench "\t" name "\t" text
}

# Draw one bar for each interface. Returns 0 if there is nothing to compare.
function bars(bench, text,    i, v, n, most, unit, types, data) {
	most = 0
	for (i = 1; i <= apis; i++) {
		v = get(bench, api_name[i], "cost")
		if (v != "" && v > most && shown(bench, api_name[i]) && api_name[i] != "poll")
			most = v
	}
	n = 0
	for (i = 1; i <= apis; i++) {
		v = get(bench, api_name[i], "cost")
		if (v == "" || !shown(bench, api_name[i]))
			continue
		# The cost of poll can be so high that the other bars would be invisible.
		if (api_name[i] == "poll" && most && v > 3 * most) {
			text = text " poll, which does not fit in the picture: " number(v) "."
			continue
		}
		if (!n)
			unit = unit_of(bench, api_name[i], "cost")
		# Use line types for the colours that the grid does not use.
		types = types "set linetype " 10 + i " lc rgb '" colour[i] "'\n"
		data = data n " " exact(v) " \"" api_name[i] "\" \"" number(v) "\" " 10 + i "\n"
		n++
	}
	if (!n)
		return 0
	draw(bench, bench, text, types "$d << E\n" data "E\nset ylabel '" unit "'\nset boxwidth 0.6\n" \
		"set style fill solid\nset yrange [0:*]\nset offsets 0,0,graph 0.12,0\n" \
		"set xrange [-0.6:" n - 0.4 "]\nunset key\n" \
		"plot $d using 1:2:5:xtic(3) with boxes lc variable, $d using 1:2:4 with labels offset 0,0.7")
	return 1
}

# The bench floor shows distances above the floor, so it does not show the floor itself.
function shown(bench, api) {
	return bench != "floor" || api != "floor"
}

# Draw lines over the number that follows start in the metric. For the other interfaces,
# each point is the best of their variants.
function curve(bench, start, xlabel, ylabel, text,    i, n, part, pattern, unit, data, lines, name) {
	split(start, part, "@")
	for (i = 1; i <= apis; i++) {
		pattern = ours(api_name[i]) || part[1] ~ /:/ ? "" : "(:[^@]+)?"
		n = points(bench, api_name[i], "^" part[1] pattern "@" part[2] "[0-9]+$")
		if (n < 2)
			continue
		unit = value_unit[last]
		data = data "$" api_name[i] " << E\n" sorted(n) "E\n"
		lines = lines (lines == "" ? "" : ", ") "$" api_name[i] " using 1:2 with linespoints lw 2 pt 7 ps 0.6 lc rgb '" \
			colour[i] "' title '" api_name[i] "'"
	}
	if (lines == "")
		return
	name = start
	gsub(/[^a-z]+/, "-", name)
	sub(/^-/, "", name)
	sub(/-$/, "", name)
	draw(bench, bench "-" name, text, data "set logscale x\nset xlabel '" xlabel "'\nset ylabel '" \
		(ylabel == "" ? unit : ylabel) "'\nset yrange [0:*]\nset key outside right\nplot " lines)
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

function sorted(n,    i, j, at, out) {
	for (i = 2; i <= n; i++) {
		at = x[i]
		for (j = i - 1; j > 0 && x[j] > at; j--)
			x[j + 1] = x[j]
		x[j + 1] = at
	}
	for (i = 1; i <= n; i++)
		out = out x[i] " " exact(y[x[i]]) "\n"
	return out
}
