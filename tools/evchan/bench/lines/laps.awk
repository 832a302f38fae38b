# SPDX-License-Identifier: GPL-2.0-only
# Reads what the plugin printed. Begin with this script; afterwards the lines of the guest's
# program come, which say what each interval was.

BEGIN { counters = split("fetched upgraded first outer locked", counter, " ") }

# Lap 0 warms up.
$1 == "lap" {
	if ($3 > 0) {
		laps[$2]++
		for (c = 1; c <= counters; c++)
			count[$2, c, laps[$2]] = $(3 + c)
	}
	next
}

# The median of a counter in the laps of an interval: some laps are disturbed by other work
# of the kernel.
function median(number, c,    n, i, j, v, s) {
	n = laps[number]
	for (i = 1; i <= n; i++) {
		v = count[number, c, i]
		for (j = i - 1; j > 0 && s[j] > v; j--)
			s[j + 1] = s[j]
		s[j + 1] = v
	}
	return n % 2 ? s[(n + 1) / 2] : (s[n / 2] + s[n / 2 + 1]) / 2
}

# How much more there was of a counter in an interval than in the bare one, for each event.
function each(number, bare, c, events) {
	return (median(number, c) - (bare ? median(bare, c) : 0)) / events
}
