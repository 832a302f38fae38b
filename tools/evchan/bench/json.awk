# SPDX-License-Identifier: GPL-2.0-only
# Writes the values and the environment as a JSON list of objects, one per line.

END {
	for (i = 1; i < 32; i++)
		escaped[sprintf("%c", i)] = sprintf("\\u%04x", i)
	escaped["\t"] = "\\t"
	escaped["\\"] = "\\\\"
	escaped["\""] = "\\\""
	print "["
	for (i = 1; i <= values; i++)
		object(value_bench[i], value_api[i], value_metric[i], value_unit[i], exact(value_of[i]))
	for (i = 1; i <= environments; i++)
		object("environment", "host", environment_name[i], "text", string(environment_text[i]))
	print (objects ? "\n" : "") "]"
}

function object(bench, api, metric, unit, value) {
	printf "%s{\"bench\": %s, \"api\": %s, \"metric\": %s, \"unit\": %s, \"value\": %s}", \
		objects++ ? ",\n" : "", string(bench), string(api), string(metric), string(unit), value
}

function string(text,    i, c, out) {
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		out = out (c in escaped ? escaped[c] : c)
	}
	return "\"" out "\""
}
