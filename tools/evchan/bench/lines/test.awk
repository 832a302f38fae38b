# SPDX-License-Identifier: GPL-2.0-only
# Judges the intervals of lines-test.c, and prints TAP. Interrupts use a few lines as well, the
# more of them the longer a turn takes, and push lines out of the first level.

$1 == "test" {
	said = ""
	most = 0
	for (c = 1; c <= counters; c++)
		if ($(5 + c) > most)
			most = $(5 + c)
	for (c = 1; c <= counters; c++) {
		got = laps[$2] > 1 ? each($2, $3, c, $5) : -1
		wanted = $(5 + c)
		slack = (counter[c] == "first" ? 2 : 0.1) + wanted / 50 + most / 10000
		if (got < wanted - slack || got > wanted + slack)
			said = said sprintf("# %s: %s %.3f a turn, expected %.3f\n", $4, counter[c], got, wanted)
	}
	printf "%s%s %d lines.%s\n", said, said == "" ? "ok" : "not ok", ++tests, $4
	bad += said != ""
}

END {
	printf "1..%d\n", tests
	exit bad || !tests
}
