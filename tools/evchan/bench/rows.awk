# SPDX-License-Identifier: GPL-2.0-only
# Reads the rows that the steps of the report pass to each other. Fields are separated by
# tabs:
#
#	introduction HTML
#	bench BENCH TEXT
#	group BENCH ROW TEXT
#	curve BENCH METRIC= X Y TEXT
#	note BENCH METRIC API TEXT
#	value BENCH API METRIC UNIT VALUE
#	environment NAME TEXT
#	wanted LINE-OF-TARGETS
#	judged BENCH METRIC API MEASURED WANTED AIM reached|MISSED
#	plot BENCH NAME TEXT
#
# This must be the last script given to awk, because a step's own rules come first. The
# parameters of a function after the gap are its local variables.

BEGIN {
	apis = split("evchan kevent epoll io_uring poll floor", api_name, " ")
	# The colours of the pictures. Scripts for gnuplot have their numbers, chart.css defines them.
	colours = split("evchan kevent epoll io_uring poll floor soft line limit", colour_name, " ")
	for (i = 1; i <= colours; i++)
		colour_number[colour_name[i]] = i
}

$1 == "introduction" { introduction = introduction $2 "\n" }
$1 == "bench" { bench_name[++benches] = $2; bench_text[benches] = $3 }
$1 == "group" {
	group_bench[++groups] = $2
	group_row[groups] = $3
	group_text[groups] = $4
}
$1 == "note" {
	note_bench[++notes] = $2
	note_metric[notes] = $3
	note_api[notes] = $4
	note_text[notes] = $5
}
$1 == "curve" {
	curve_bench[++curves] = $2
	curve_start[curves] = $3
	curve_x[curves] = $4
	curve_y[curves] = $5
	curve_text[curves] = $6
}
$1 == "value" { set($2, $3, $4, $5, $6) }
$1 == "environment" {
	environment_name[++environments] = $2
	environment_text[environments] = substr($0, length("environment") + length($2) + 3)
}
$1 == "wanted" { wanted_line[++wanteds] = $2 }
$1 == "judged" { judged_row[++judgeds] = $0; if ($8 != "reached") missed[++misses] = $2 " " $3 " " $4 }
$1 == "plot" { plot_bench[++plots] = $2; plot_name[plots] = $3; plot_text[plots] = $4 }

# Values keep the order in which they first came. A later value replaces an earlier one.
function set(bench, api, metric, unit, value,    i) {
	i = where(bench, api, metric)
	if (!i) {
		i = place[bench, api, metric] = ++values
		value_bench[i] = bench
		value_api[i] = api
		value_metric[i] = metric
		known[bench] = 1
	}
	value_unit[i] = unit
	value_of[i] = exact(value) + 0
}

function where(bench, api, metric) {
	return (bench, api, metric) in place ? place[bench, api, metric] : 0
}

# The value, or "" if it was not measured.
function get(bench, api, metric,    i) {
	i = where(bench, api, metric)
	return i ? value_of[i] : ""
}

function unit_of(bench, api, metric,    i) {
	i = where(bench, api, metric)
	return i ? value_unit[i] : ""
}

function ours(api) {
	return api == "evchan" || api == "kevent"
}

# A number in the form for programs.
function exact(value,    text) {
	text = sprintf("%.3f", value)
	sub(/0+$/, "", text)
	sub(/\.$/, ".0", text)
	return text
}

# A number in the form for people.
function number(value,    size, text, groups) {
	if (value == "")
		return "-"
	size = value < 0 ? -value : value + 0
	if (size < 10000)
		return sprintf(size >= 10 ? "%.1f" : "%.3g", value)
	text = sprintf("%.0f", size)
	while (length(text) > 3) {
		groups = "," substr(text, length(text) - 2) groups
		text = substr(text, 1, length(text) - 3)
	}
	return (value < 0 ? "-" : "") text groups
}

# Fills cell[] with a row of the table of headlines. Returns the number of cells, or 0 if
# nothing was measured.
function headline(bench, metric,    i) {
	cell[2] = ""
	for (i = 1; i <= apis; i++) {
		if (cell[2] == "")
			cell[2] = unit_of(bench, api_name[i], metric)
		cell[2 + i] = number(get(bench, api_name[i], metric))
	}
	cell[1] = bench
	return cell[2] == "" ? 0 : 2 + apis
}

# Fills cell[] with the first row of that table.
function headline_names(    i) {
	cell[1] = "bench"
	cell[2] = "unit"
	for (i = 1; i <= apis; i++)
		cell[2 + i] = api_name[i]
	return 2 + apis
}

# Fills cell[] with row i of the table of targets; row 0 has the names.
function judgement(i,    field, j) {
	if (!i) {
		split("bench metric api measured wanted aim", cell, " ")
		cell[7] = ""
		return 7
	}
	split(judged_row[i], field, "\t")
	for (j = 1; j <= 7; j++)
		cell[j] = field[j + 1]
	cell[4] = number(cell[4])
	return 7
}

function escape(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	gsub(/'/, "\\&#x27;", text)
	return text
}

function fail(text) {
	print "report: " text > "/dev/stderr"
	failed = 1
	exit 1
}
