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
# The kernels that the rules in hooks/ fit.
KERNEL_SERIES="6.1 6.12 6.18 7.3"

# die MESSAGE: print one line that says what is wrong and what to do, and exit.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say() {
	printf '%s\n' "$*"
}

# version_of TREE: the version of a kernel tree
version_of() {
	awk '/^VERSION =/ { v = $3 } /^PATCHLEVEL =/ { p = $3 } /^SUBLEVEL =/ { s = $3 }
		END { print v "." p "." s; exit }' "$1/Makefile"
}

# source_id FILE: the name in out/src/ under which a kernel tree or tarball is unpacked
source_id() {
	stat -c '%n %s %Y' "$1" | sha256sum | cut -c1-12
}

# The machine of the guest is x86-64 or, with ARCH=arm64, arm64.
case ${ARCH-} in
''|x86|x86_64) image=arch/x86/boot/bzImage ;;
arm64) image=arch/arm64/boot/Image ;;
*) die "ARCH=$ARCH is not one of the machines of the guest: x86_64 and arm64" ;;
esac

# build_name NAME: the directory in out/build/ of a kernel of scripts/kernel: NAME, and for
# another series than the default one NAME-SERIES. SERIES or KSRC says which. The directory of
# a kernel for arm64 ends in -arm64.
build_name() {
	series=${SERIES:-$KERNEL_VERSION}
	if [ -n "${KSRC-}" ] && [ -e "$KSRC" ]; then
		unpacked=$OUT/src/$(source_id "$KSRC")
		[ ! -f "$unpacked/Makefile" ] || series=$(version_of "$unpacked" | cut -d. -f1,2)
	fi
	case $series in
	"$KERNEL_VERSION") series= ;;
	*) series=-$series ;;
	esac
	case ${ARCH-} in
	arm64) say "$1$series-arm64" ;;
	*) say "$1$series" ;;
	esac
}

# unexpected: print what checkpatch.pl --terse --show-types --showfile has found, from standard
# input, without the exceptions
unexpected() {
	awk '
	NR == FNR {
		n = /^#/ ? 0 : split($2, type, ",")
		for (; n; n--)
			excepted[$1, type[n]]
		next
	}
	{
		split($0, part, ": ")
		file = part[1]
		sub(/:[0-9]+$/, "", file)
		sub(/^[A-Z]+:/, "", part[2])
		directory = file
		sub(/evcore\/.*/, "evcore/", directory)
		if (!((file, part[2]) in excepted) && !((directory, part[2]) in excepted) && !(("*", part[2]) in excepted))
			print
	}' "$top/scripts/checkpatch-exceptions" -
}

# install_changed FILE DEST: copy FILE, but do not touch DEST if it is equal.
install_changed() {
	cmp -s "$1" "$2" && return 0
	mkdir -p "${2%/*}"
	cp "$1" "$2.new"
	mv -f "$2.new" "$2"
}

# apt_config DIRECTORY: write apt.conf in it, a private configuration of apt. Its package sources
# are the files sources.list and parts/ in DIRECTORY. The system's configuration is not changed.
apt_config() {
	mkdir -p "$1/parts" "$1/lists/partial" "$1/cache/archives/partial"
	: > "$1/sources.list"
	cat > "$1/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$1/sources.list";
		Dir::Etc::sourceparts "$1/parts";
		Dir::State::lists "$1/lists";
		Dir::Cache "$1/cache";
		APT::Sandbox::User "root";
		#clear APT::Update::Post-Invoke-Success;
	CONF
}

# archive SUITE: print the address from which the system gets SUITE
archive() {
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -f "$file" ] || sed -nE "s/^deb +(\[[^]]*\] +)?([^ ]+) +$1 .*/\2/p" "$file"
	done
	for file in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$file" ] || awk -v suite="$1" '
			function stanza() { if (uri != "" && index(suites, " " suite " ")) print uri; uri = suites = "" }
			/^[ \t]*$/ { stanza() }
			/^URIs:/ { uri = $2 }
			/^Suites:/ { sub(/^Suites:/, ""); suites = " " $0 " " }
			END { stanza() }' "$file"
	done
}
# stanza ADDRESS SUITE: print the lines of a .sources file for a suite of Debian
stanza() {
	printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\n' "$1" "$2"
	printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n'
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
