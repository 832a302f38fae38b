# SPDX-License-Identifier: GPL-2.0-only
# Makes rows of values from the output of the benches: the median and quartiles of repeated
# results, and values that are derived from others.

{
	if (NF != 5 || $5 !~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/)
		fail(FILENAME ":" FNR ": a line must be BENCH API METRIC UNIT VALUE: " $0)
	key = $1 SUBSEP $2 SUBSEP $3 SUBSEP $4
	if (!(key in count))
		order[++keys] = key
	sample[key, ++count[key]] = $5 + 0
	next
}

END {
	if (failed)
		exit 1
	for (k = 1; k <= keys; k++)
		summarise(order[k])
	derive_floor()
	derive_syscalls()
	for (i = 1; i <= values; i++)
		print "value\t" value_bench[i] "\t" value_api[i] "\t" value_metric[i] "\t" value_unit[i] "\t" exact(value_of[i])
}

function summarise(key,    n, i, j, v, sorted, part, quarter) {
	n = count[key]
	for (i = 1; i <= n; i++) {
		v = sample[key, i]
		for (j = i - 1; j > 0 && sorted[j] > v; j--)
			sorted[j + 1] = sorted[j]
		sorted[j + 1] = v
	}
	split(key, part, SUBSEP)
	v = n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
	set(part[1], part[2], part[3], part[4], v)
	if (n == 1)
		return
	quarter = int(n / 4)
	set(part[1], part[2], part[3] ".low", part[4], sorted[1 + quarter])
	set(part[1], part[2], part[3] ".high", part[4], sorted[n - quarter])
}

# The floor's own value, and how far the other interfaces are above it.
function derive_floor(    i) {
	if (!where("deliver-batch", "floor", "cost"))
		return
	set("floor", "floor", "cost", "instructions/event", get("deliver-batch", "floor", "cost"))
	for (i = 1; i <= apis; i++) {
		above_floor(api_name[i], "deliver-batch", "cost")
		above_floor(api_name[i], "deliver-one", "cost:deliver-one")
	}
}

function above_floor(api, bench, metric) {
	if (api != "floor" && where(bench, api, "cost") && where(bench, "floor", "cost"))
		set("floor", api, metric, "instructions/event-above", get(bench, api, "cost") - get(bench, "floor", "cost"))
}

# For the other interfaces, replace "syscalls" by that of the variant whose cost is the
# headline. The bench prints the least of all variants, which may be another one.
function derive_syscalls(    i, j, all, calls) {
	all = values
	for (i = 1; i <= all; i++) {
		if (value_metric[i] != "cost" || ours(value_api[i]))
			continue
		for (j = 1; j <= all; j++) {
			if (value_bench[j] != value_bench[i] || value_api[j] != value_api[i] ||
			    value_metric[j] !~ /^cost[:@]/ || value_of[j] != value_of[i])
				continue
			calls = where(value_bench[i], value_api[i], "syscalls" substr(value_metric[j], 5))
			if (!calls)
				continue
			set(value_bench[i], value_api[i], "syscalls", value_unit[calls], value_of[calls])
			break
		}
	}
}
