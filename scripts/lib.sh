# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the scripts share: where things are, and how they fail. Sourced by them
# with $top set to the project's directory.
#
# OUT: where everything built goes, out/ by default.

# shellcheck disable=SC2034 # used by those who source this
OUT=${OUT:-$top/out}
KERNEL_PACKAGE=linux-source-6.12
KERNEL_VERSION=6.12

# die MESSAGE: one line that says what is wrong and what to do.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say() {
	printf '%s\n' "$*"
}

# install_changed FILE DEST: copy, but leave an equal file and its time alone.
install_changed() {
	cmp -s "$1" "$2" && return 0
	mkdir -p "${2%/*}"
	cp "$1" "$2.new"
	mv -f "$2.new" "$2"
}

# with_lock NAME COMMAND...: one at a time, saying so while it waits.
with_lock() {
	mkdir -p "$OUT/lock" 2>/dev/null || die "cannot write $OUT; give another place with OUT=DIR"
	(
		lock=$1
		shift
		if ! flock -n 9; then
			say "waiting for another build in ${OUT##*/}/ ($lock)" >&2
			flock 9
		fi
		"$@"
	) 9>"$OUT/lock/$1"
}
