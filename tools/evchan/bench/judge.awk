# SPDX-License-Identifier: GPL-2.0-only
# Adds rows that tell which targets were reached. The head of the file targets describes its
# format.

END {
	for (w = 1; w <= wanteds; w++) {
		sub(/#.*/, "", wanted_line[w])
		words = split(wanted_line[w], word, " ")
		if (words >= 5)
			judge(word[1], word[2], word[3], word[4], word[5], words > 5 ? word[7] : "")
		else if (words)
			fail("targets:" w ": a line must be BENCH METRIC API RELATION LIMIT: " wanted_line[w])
	}
}

function judge(bench, metric, api, relation, limit, aim,    found, i, wanted, shown) {
	if (relation !~ /^(<=|<|>=|=|flat)$/)
		fail("targets: unknown relation '" relation "'; use <= < >= = or flat")
	found = 0
	for (i = 1; i <= values; i++)
		if (value_bench[i] == bench && value_api[i] == api && named(value_metric[i], metric))
			match_at[++found] = i
	if (!found) {
		# A bench that did not run is not judged. A missing number of a bench that ran is a miss.
		if (bench in known)
			say(bench, metric, api, "", relation " " limit, aim, 0)
		return
	}
	if (relation == "flat") {
		flat(bench, metric, api, limit, aim, found)
		return
	}
	wanted = limit_of(limit)
	shown = relation " " (wanted == "" ? limit " (not measured)" : sprintf("%.6g", wanted))
	for (i = 1; i <= found; i++)
		if (value_metric[match_at[i]] !~ /\.low|\.high/)
			say(bench, value_metric[match_at[i]], api, exact(value_of[match_at[i]]), shown, aim,
			    wanted != "" && holds(value_of[match_at[i]], relation, wanted))
}

# True if metric is the wanted one, or begins with it if that ends in *.
function named(metric, meant,    start) {
	if (meant !~ /\*$/)
		return metric == meant
	start = substr(meant, 1, length(meant) - 1)
	return substr(metric, 1, length(start)) == start
}

function flat(bench, metric, api, limit, aim, found,    i, v, least, most, spread) {
	least = most = value_of[match_at[1]]
	for (i = 2; i <= found; i++) {
		v = value_of[match_at[i]]
		if (v < least)
			least = v
		if (v > most)
			most = v
	}
	# A least value of 0 has no percentage.
	spread = least > 0 ? sprintf("%.2f", (most / least - 1) * 100) : ""
	say(bench, metric, api, spread, "flat within " limit " %", aim, spread != "" && spread + 0 <= limit + 0)
}

function holds(value, relation, wanted) {
	if (relation == "<=")
		return value <= wanted
	if (relation == "<")
		return value < wanted
	return relation == ">=" ? value >= wanted : value == wanted
}

# The number that a target's limit stands for; "" if it was not measured.
function limit_of(text,    factor, part, value) {
	factor = 1
	if (match(text, /\*/)) {
		factor = substr(text, 1, RSTART - 1) + 0
		text = substr(text, RSTART + 1)
	}
	if (text !~ /\//)
		return factor * text
	split(text, part, "/")
	value = get(part[1], part[3], part[2])
	return value == "" ? "" : factor * value
}

function say(bench, metric, api, value, wanted, aim, reached) {
	print "judged\t" bench "\t" metric "\t" api "\t" value "\t" wanted "\t" aim "\t" (reached ? "reached" : "MISSED")
}
