# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
# The part of libuv in the guest: a server.
# ../guest sources this file, sets $backend and calls run_program() for each of $backends.
backends='epoll kevent evchan'

run_program() {
	start "$place/libuv/server.$backend" "$work" $port || return 0
	http
	measure $started "$tools/load" small 127.0.0.1 $port $conns $((requests / conns))
	stop TERM
}
