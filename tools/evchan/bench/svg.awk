# SPDX-License-Identifier: GPL-2.0-only
# Makes a picture that gnuplot has drawn fit for a page with others, on light and dark screens:
# colours become variables of the style sheet that the variable css names, and identifiers begin
# with the variable name, because those of gnuplot are the same in each picture.

/^<\?xml/ { next }
/^<svg/ { $0 = "<svg class=\"chart\" role=\"img\"" }
/^<desc>/ {
	print "<style>"
	while ((getline line < css) > 0)
		print line
	print "</style>"
	next
}
# Filters for text with a background, which no picture has; and names of lines, which browsers
# would show
/<filter/, /<\/filter>/ { next }
{ sub(/<title>.*_plot_[0-9]+<\/title>/, "") }
/^<title>/ { $0 = "<title>" name "</title>" }
{
	gsub(/gp(Dot|Pt[0-9]+)/, name "-&")
	sub(/"gnuplot_/, "\"" name "-")
	gsub(/ color="(black|white)"/, "")
	gsub(/=["']black["']/, "=\"currentColor\"")
	for (i = 1; i <= colours; i++)
		gsub("rgb\\( *0, *0, *" i "\\)", "var(--" colour_name[i] ")")
	if (/rgb\(/)
		fail("plots/" name ".svg has a colour that rows.awk does not name: " $0)
	print
}
