# SPDX-License-Identifier: GPL-2.0-only
# Prints the file texts as rows, each text on one line. The head of texts describes its format.

function flush() {
	if (row != "")
		print row "\t" text
	row = text = ""
}

/^#/ { next }
/^\t/ {
	sub(/^\t/, "")
	if (introduction)
		print "introduction\t" $0
	else
		text = text (text == "" ? "" : " ") $0
	next
}
$1 == "x" { x = substr($0, 3); row = "curve\t" bench "\t" start "\t" x "\t"; next }
$1 == "y" { row = row substr($0, 3); next }
{ flush(); introduction = 0 }
$1 == "introduction" { introduction = 1 }
$1 == "bench" { row = "bench\t" $2 }
$1 == "group" { row = "group\t" $2 "\t" $3 }
$1 == "note" { row = "note\t" $2 "\t" $3 "\t" $4 }
$1 == "curve" { bench = $2; start = $3 }
END { flush() }
