# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Functions and variables that the scripts share. A script sets $top to the project's
# directory and then sources this file.
#
# OUT: directory for everything that is built, out/ by default.

# shellcheck disable=SC2034 # used by those who source this
OUT=${OUT:-$top/out}
KERNEL_PACKAGE=linux-source-6.12
KERNEL_VERSION=6.12

# die MESSAGE: print one line that says what is wrong and what to do, and exit.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say() {
	printf '%s\n' "$*"
}

# install_changed FILE DEST: copy FILE, but do not touch DEST if it is equal.
install_changed() {
	cmp -s "$1" "$2" && return 0
	mkdir -p "${2%/*}"
	cp "$1" "$2.new"
	mv -f "$2.new" "$2"
}

# with_lock NAME COMMAND...: run COMMAND with the lock NAME held. Says so if it has to wait.
with_lock() {
	mkdir -p "$OUT/lock" 2>/dev/null || die "cannot write $OUT; choose another directory with OUT=DIR"
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
