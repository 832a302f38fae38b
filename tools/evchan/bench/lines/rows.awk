# SPDX-License-Identifier: GPL-2.0-only
# Makes results of the intervals of lines.c, in the form of the other benches. "cost" of a row
# are the lines that were fetched or upgraded. The cost of a row is that of the best variant,
# for evchan and kevent of the first one, and the other counters are those of the same variant.

$1 == "interval" {
	row = $5
	variant = ""
	if (match(row, /:[a-z_]+$/)) {
		variant = substr(row, RSTART)
		row = substr(row, 1, RSTART - 1)
	}
	# Only io_uring has several variants of which any may be the best.
	if (variant == "" && $4 == "io_uring")
		variant = ":default"
	if (laps[$2] < 1 || ($3 && laps[$3] < 1)) {
		print "lines: nothing was counted in interval " $2 > "/dev/stderr"
		exit failed = 1
	}
	key = $4 SUBSEP row
	if (!(key in best))
		order[++keys] = key
	value["cost"] = 0
	for (c = 1; c <= counters; c++) {
		value[counter[c]] = each($2, $3, c, $6)
		if (c <= 2)
			value["cost"] += value[counter[c]]
	}
	ours = $4 == "evchan" || $4 == "kevent"
	better = !(key in best) || (!ours && value["cost"] < best[key])
	if (better)
		best[key] = value["cost"]
	for (metric in value) {
		if (better)
			all[key, metric] = value[metric]
		if (variant != "")
			say($4, metric, row variant, value[metric])
	}
}

END {
	if (failed)
		exit 1
	split("cost fetched upgraded first outer locked", what, " ")
	for (k = 1; k <= keys; k++) {
		split(order[k], part, SUBSEP)
		for (w = 1; w <= 6; w++)
			say(part[1], what[w], part[2], all[order[k], what[w]])
		if (part[2] == "1to1")
			say(part[1], "cost", "", all[order[k], "cost"])
	}
}

function say(api, metric, row, value,    unit) {
	unit = metric == "locked" ? "operations" : metric == "first" ? "misses" : "lines"
	printf "lines %s %s%s%s %s/%s %.3f\n", api, metric, row == "" ? "" : ":", row, unit,
		row ~ /^pingpong/ ? "roundtrip" : "event", value
}
