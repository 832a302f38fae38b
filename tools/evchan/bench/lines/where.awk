# SPDX-License-Identifier: GPL-2.0-only
# Prints which functions fetch and take lines, per event, the largest numbers first. Reads the
# kernel's System.map, then what the plugin printed and what the guest's program said. Code of
# the program has no name here.

FNR == NR {
	if ($2 ~ /^[tTwW]$/) {
		symbol[++symbols] = $3
		start[symbols] = tolower($1)
	}
	next
}

# All addresses have 16 lower-case digits, so they can be compared as text.
function name_of(code,    low, high, middle) {
	if (code < "8")
		return "(program)"
	low = 1
	high = symbols
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (start[middle] "" <= code "")
			low = middle
		else
			high = middle - 1
	}
	return symbol[low]
}

$1 == "where" {
	if (!($2 in list))
		list[$2] = ""
	name = name_of($3)
	if (!(($2, name) in fetched)) {
		list[$2] = list[$2] " " name
		fetched[$2, name] = taken[$2, name] = 0
	}
	fetched[$2, name] += $5
	taken[$2, name] += $6
	next
}
$1 == "lap" && $3 > 0 { laps[$2]++ }
$1 == "interval" {
	if ($3)
		show($3, $4 " " $5 ", bare", $6)
	show($2, $4 " " $5, $6)
}

function show(number, title, events,    n, name, i, f, t) {
	printf "%s: fetched and upgraded, per event\n", title
	n = split(list[number], name, " ")
	for (i = 1; i <= n; i++) {
		f = fetched[number, name[i]] / events / laps[number]
		t = taken[number, name[i]] / events / laps[number]
		if (f + t >= 0.01)
			printf "  %7.3f %7.3f  %s\n", f, t, name[i] | "sort -k 1,1nr -k 2,2nr"
	}
	close("sort -k 1,1nr -k 2,2nr")
}
