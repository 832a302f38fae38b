# SPDX-License-Identifier: GPL-2.0-only
# Writes report.html: tables and plots in one self-contained file.

END {
	print "<!doctype html><html lang='en'><head><meta charset='utf-8'>" \
		"<title>Event interfaces compared</title><style>" \
		"body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;line-height:1.45;" \
		"color:#222}img{max-width:100%}table{border-collapse:collapse;margin:1em 0;font-size:90%}" \
		"td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}" \
		"h2{margin-top:2em}.missed td{background:#fde8e0}details{margin:.5em 0}" \
		"</style></head><body><h1>Event interfaces compared</h1>"
	print introduction
	print "<h2>Summary</h2>"
	headlines()
	for (b = 1; b <= benches; b++)
		pictures(bench_name[b])
	print "<h2>Targets</h2>"
	targets()
	print "<h2>Environment</h2>"
	measured_with()
	print "</body></html>"
}

function headlines(    b, m, metric) {
	print "<table>"
	row("th", "", headline_names())
	split("cost syscalls ns", metric, " ")
	for (b = 1; b <= benches; b++)
		for (m = 1; m <= 3; m++)
			row("td", "", headline(bench_name[b], metric[m]))
	print "</table>"
}

function pictures(bench,    p, any) {
	for (p = 1; p <= plots; p++) {
		if (plot_bench[p] != bench)
			continue
		any = 1
		printf "%s<p>%s</p>", plot_name[p] == bench ? "<h2>" bench "</h2>" : "", escape(plot_text[p])
		picture(plot_name[p] ".svg")
	}
	if (any)
		details(bench)
}

function picture(name,    command, line) {
	printf "<img src=\"data:image/svg+xml;base64,"
	command = "base64 plots/" name
	while ((command | getline line) > 0)
		printf "%s", line
	close(command)
	print "\" alt=\"" name "\">"
}

# All numbers of a bench, in a table that the reader can open.
function details(bench,    i, any) {
	for (i = 1; i <= values; i++) {
		if (value_bench[i] != bench || value_metric[i] == "cost")
			continue
		if (!any++) {
			print "<details><summary>All numbers</summary><table>"
			row("th", "", split("api metric value unit", cell, " "))
		}
		cell[1] = value_api[i]
		cell[2] = value_metric[i]
		cell[3] = number(value_of[i])
		cell[4] = value_unit[i]
		row("td", "", 4)
	}
	if (any)
		print "</table></details>"
}

function targets(    i) {
	print "<table>"
	row("th", "", judgement(0))
	for (i = 1; i <= judgeds; i++)
		row("td", judged_row[i] ~ /\treached$/ ? "" : "missed", judgement(i))
	print "</table>"
}

function measured_with(    i) {
	print "<table>"
	cell[1] = cell[2] = ""
	row("th", "", 2)
	for (i = 1; i <= environments; i++) {
		cell[1] = environment_name[i]
		cell[2] = environment_text[i]
		row("td", "", 2)
	}
	print "</table>"
}

# Print the first n of cell[] as a row, unless n is 0.
function row(tag, class, n,    i) {
	if (!n)
		return
	printf "<tr class=\"%s\">", class
	for (i = 1; i <= n; i++)
		printf "<%s>%s</%s>", tag, escape(cell[i]), tag
	print "</tr>"
}

function escape(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	gsub(/'/, "\\&#x27;", text)
	return text
}
