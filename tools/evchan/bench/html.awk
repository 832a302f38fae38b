# SPDX-License-Identifier: GPL-2.0-only
# Writes report.html: tables and pictures in one self-contained file, which is also well-formed
# XML. It fits any width: tables that are wider than the window scroll in it.

END {
	while ((getline line < css) > 0)
		sheet = sheet line "\n"
	print "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\"><head>" \
		"<meta charset=\"utf-8\"/>\n" \
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n" \
		"<title>Event interfaces compared</title>\n<style>\n" sheet layout() "</style></head><body>\n" \
		"<h1>Event interfaces compared</h1>"
	print introduction
	print "<h2 id=\"summary\">Summary</h2>"
	headlines()
	command("")
	contents()
	for (b = 1; b <= benches; b++)
		section(bench_name[b], bench_text[b])
	for (i = 1; i <= values; i++)
		section(value_bench[i], "")
	print "<h2 id=\"targets\">Targets</h2>"
	targets()
	print "<h2 id=\"environment\">Environment</h2>"
	measured_with()
	print "</body></html>"
}

function layout() {
	return "body { font-family: sans-serif; max-width: 60em; margin: 1em auto; padding: 0 1em; line-height: 1.45;" \
		" color: var(--ink); background: var(--paper); }\n" \
		"a { color: var(--link); }\n" \
		"nav a { display: inline-block; padding: .35em .8em .35em 0; }\n" \
		"h2 { margin-top: 2em; }\n" \
		"figure { margin: 1em 0; }\n" \
		"svg.chart { display: block; width: 100%; max-width: 32em; height: auto; }\n" \
		"code { overflow-wrap: anywhere; background: var(--block); padding: .1em .3em; border-radius: .2em; }\n" \
		"aside { border-left: .25em solid var(--limit); padding: .1em .8em; margin: 1em 0; background: var(--block); }\n" \
		".wide { overflow-x: auto; }\n" \
		"table { border-collapse: separate; border-spacing: 0; margin: 1em 0; font-size: 90%; }\n" \
		"td, th { padding: .3em .6em; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }\n" \
		"td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }\n" \
		"td:first-child, th:first-child { position: sticky; left: 0; background: var(--paper); white-space: nowrap; }\n" \
		"tr.missed td { background: var(--alarm); }\n" \
		".text td { overflow-wrap: anywhere; }\n" \
		"summary { padding: .5em 0; cursor: pointer; }\n"
}

function headlines(    b, m, metric) {
	table("")
	row("th", "", headline_names(), "ttnnnnnn")
	split("cost syscalls ns", metric, " ")
	for (b = 1; b <= benches; b++)
		for (m = 1; m <= 3; m++)
			row("td", "", headline(bench_name[b], metric[m]), "ttnnnnnn")
	end_table()
}

function contents(    b) {
	print "<nav>"
	for (b = 1; b <= benches; b++)
		if (bench_name[b] in known)
			print "<a href=\"#" bench_name[b] "\">" bench_name[b] "</a>"
	print "<a href=\"#targets\">targets</a> <a href=\"#environment\">environment</a></nav>"
}

# Print everything about a bench, unless it was not measured or is already there.
function section(bench, text,    p, any) {
	if (!(bench in known) || bench in finished)
		return
	finished[bench] = 1
	printf "<h2 id=\"%s\">%s</h2>\n", bench, bench
	for (p = 1; p <= plots; p++) {
		if (plot_bench[p] != bench)
			continue
		any = 1
		print "<figure><figcaption><p>" markup(plot_text[p]) "</p></figcaption>"
		picture("plots/" plot_name[p] ".svg")
		command(bench)
		print "</figure>"
	}
	if (!any)
		command(bench)
	remarks(bench)
	details(bench)
}

# Put a picture into the page, without its own colours, which are those of the page.
function picture(file,    line, inside) {
	while ((getline line < file) > 0) {
		if (line == "<style>")
			inside = 1
		if (!inside)
			print line
		if (line == "</style>")
			inside = 0
	}
	close(file)
}

# How to get the numbers again. Time is measured only on request.
function command(bench,    timed, i) {
	for (i = 1; i <= values; i++)
		if ((bench == "" || value_bench[i] == bench) && value_metric[i] == "ns")
			timed = " ACCEL=kvm"
	print "<p>To reproduce: <code>make bench" (bench == "" ? "" : " BENCH=" bench) timed "</code></p>"
}

# Texts that are written for the report may have the elements i and code.
function markup(text) {
	text = escape(text)
	gsub(/&lt;i&gt;/, "<i>", text)
	gsub(/&lt;\/i&gt;/, "</i>", text)
	gsub(/&lt;code&gt;/, "<code>", text)
	gsub(/&lt;\/code&gt;/, "</code>", text)
	return text
}

# The numbers that are not what one expects.
function remarks(bench,    i, v) {
	for (i = 1; i <= notes; i++) {
		v = get(bench, note_api[i], note_metric[i])
		if (note_bench[i] != bench || v == "")
			continue
		print "<aside id=\"note-" i "\"><p><b>" note_api[i] " " note_metric[i] ": " number(v) " " \
			unit_of(bench, note_api[i], note_metric[i]) ".</b> " markup(note_text[i]) "</p></aside>"
	}
}

function note_of(bench, api, metric,    i) {
	for (i = 1; i <= notes; i++)
		if (note_bench[i] == bench && note_api[i] == api && note_metric[i] == metric)
			return i
	return 0
}

# All numbers of a bench, in a table that the reader can open.
function details(bench,    i) {
	print "<details><summary>All numbers of " bench "</summary>"
	table("")
	row("th", "", split("metric api value unit", cell, " "), "ttnt")
	for (i = 1; i <= values; i++) {
		if (value_bench[i] != bench)
			continue
		cell[1] = value_metric[i]
		cell[2] = value_api[i]
		cell[3] = number(value_of[i])
		cell[4] = value_unit[i]
		link = note_of(bench, value_api[i], value_metric[i])
		row("td", "", 4, "ttnt")
		link = 0
	}
	end_table()
	print "</details>"
}

function targets(    i) {
	table("")
	row("th", "", judgement(0), "tttnnnt")
	for (i = 1; i <= judgeds; i++)
		row("td", judged_row[i] ~ /\treached$/ ? "" : "missed", judgement(i), "tttnnnt")
	end_table()
}

function measured_with(    i) {
	table("text")
	cell[1] = "what"
	cell[2] = "value"
	row("th", "", 2, "tt")
	for (i = 1; i <= environments; i++) {
		cell[1] = environment_name[i]
		cell[2] = environment_text[i]
		row("td", "", 2, "tt")
	}
	end_table()
}

function table(class) {
	print "<div class=\"wide\"><table" (class == "" ? "" : " class=\"" class "\"") ">"
}

function end_table() {
	print "</table></div>"
}

# Print the first n of cell[] as a row, unless n is 0. kinds has a letter for each column: n for
# numbers, t for text. If link is set, the first cell links to that note.
function row(tag, class, n, kinds,    i, text) {
	if (!n)
		return
	printf "<tr%s>", class == "" ? "" : " class=\"" class "\""
	for (i = 1; i <= n; i++) {
		text = escape(cell[i])
		if (i == 1 && link)
			text = text " (<a href=\"#note-" link "\">why?</a>)"
		printf "<%s%s>%s</%s>", tag, substr(kinds, i, 1) == "n" ? " class=\"n\"" : "", text, tag
	}
	print "</tr>"
}
