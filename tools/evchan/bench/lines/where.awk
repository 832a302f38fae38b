# SPDX-License-Identifier: GPL-2.0-only
# Prints which instructions fetch and upgrade lines for each event, and the functions that they
# are in. Reads the kernel's System.map, then what the plugin printed and what the guest's program
# said. Code of the program has no name here.

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
	if (!(($2, $3) in fetched)) {
		list[$2] = list[$2] " " $3
		fetched[$2, $3] = upgraded[$2, $3] = 0
	}
	fetched[$2, $3] += $5
	upgraded[$2, $3] += $6
	next
}
$1 == "lap" && $3 > 0 { laps[$2]++ }
$1 == "interval" {
	if ($3)
		show($3, $4 " " $5 ", bare", $6)
	show($2, $4 " " $5, $6)
}

function show(number, title, events,    n, code, i, f, u) {
	printf "%s: fetched and upgraded for an event, and the instruction\n", title
	n = split(list[number], code, " ")
	for (i = 1; i <= n; i++) {
		f = fetched[number, code[i]] / events / laps[number]
		u = upgraded[number, code[i]] / events / laps[number]
		if (f + u >= 0.01)
			printf "  %7.3f %7.3f  %s %s\n", f, u, code[i], name_of(code[i]) | "sort -k 3,3"
	}
	close("sort -k 3,3")
}
