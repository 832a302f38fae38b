# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
# The part of libev in the guest: what it promises, and a server.
# ../guest sources this file, sets $backend and calls run_program() for each of $backends.
backends='epoll evchan'

run_program() {
	"$place/libev/exercise" "$backend" > exercise || :
	reason=$(sed -n 's/^not ok [0-9]* //p' exercise)
	[ "$(grep -cE '^(not )?ok' exercise)" = "$(sed -n 's/^1\.\.//p' exercise)" ] || reason="$reason not all tests ran"
	verdict exercise "$reason"
	start "$place/libev/server" "$backend" "$work" $port || return 0
	http
	measure $started "$tools/load" small 127.0.0.1 $port $conns $((requests / conns))
	stop TERM
}
