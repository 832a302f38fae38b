# SPDX-License-Identifier: GPL-2.0-only
# Prints tables for a terminal: the headlines and, if there are any, the targets. The exit
# status is 1 if a target is missed.

END {
	keep(headline_names())
	split("cost syscalls ns", metric, " ")
	for (b = 1; b <= benches; b++)
		for (m = 1; m <= 3; m++)
			keep(headline(bench_name[b], metric[m]))
	print_table()
	if (!wanteds)
		exit 0
	print ""
	for (i = 0; i <= judgeds; i++) {
		n = judgement(i)
		if (cell[6] == "")
			cell[6] = "-"
		keep(n)
	}
	print_table()
	if (!misses)
		exit 0
	printf "\nmissed: "
	for (i = 1; i <= misses; i++)
		printf "%s%s", missed[i], i < misses ? ", " : "\n"
	exit 1
}

# Keeps the first n of cell[] as a row of the table, unless n is 0.
function keep(n,    i) {
	if (!n)
		return
	rows++
	columns = n
	for (i = 1; i <= n; i++) {
		table[rows, i] = cell[i]
		if (!(i in width))
			width[i] = 1
		if (length(cell[i]) > width[i])
			width[i] = length(cell[i])
	}
}

# Prints the table, with names aligned left and numbers right.
function print_table(    r, i, line) {
	for (r = 1; r <= rows; r++) {
		line = ""
		for (i = 1; i <= columns; i++)
			line = line (i > 1 ? "  " : "") sprintf("%" (i <= 2 ? "-" : "") width[i] "s", table[r, i])
		sub(/ +$/, "", line)
		print line
	}
	rows = 0
	split("", width)
}
