# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # the scripts set top
# Functions of the scripts here that build a program with our backend. A script sets $top and
# has sourced scripts/lib.sh.

# fetch PACKAGE DIRECTORY: fetch Debian's source of the package, as DIRECTORY/source
fetch() {
	[ ! -d "$2/source" ] || return 0
	mkdir -p "$2"
	"$top/scripts/source-package" "$1" "$2"
	for d in "$2/$1"-*/; do
		mv "$d" "$2/source"
	done
}

# add_libraries DIRECTORY: put our libraries and their headers there
add_libraries() {
	for lib in evchan kevent; do
		install_changed "$top/tools/evchan/lib/$lib.c" "$1/lib$lib.c"
		install_changed "$top/include/uapi/linux/$lib.h" "$1/linux/$lib.h"
	done
	for header in "$top"/tools/evchan/lib/*.h; do
		install_changed "$header" "$1/${header##*/}"
	done
}

# logged LOG WHAT COMMAND...: run the command with its output in a log; if it fails, print the
# first error, and exit
logged() {
	log=$1 what=$2
	shift 2
	"$@" >> "$log" 2>&1 ||
		die "$what does not build ($(grep -m 1 -E 'error|not found' "$log" || tail -n 1 "$log")); the log is $log"
}

# edit FILE SED: change the file; an expression that changes nothing is an error
edit() {
	sed "$2" "$1" > "$1.new"
	! cmp -s "$1" "$1.new" || die "nothing to change in $1 by $2; is this another version?"
	mv "$1.new" "$1"
}
