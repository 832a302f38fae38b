# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
# The part of haproxy in the guest: a proxy of two threads, and one of one thread. The server
# behind it is another haproxy.
# ../guest sources this file, sets $backend and calls run_program() for each of $backends.
backends='epoll evchan'

# config FILE GLOBAL: the parts that both have
config() {
	cat > "$1" <<-C
		global
		    maxconn 500
		    $2
		defaults
		    mode http
		    timeout connect 20s
		    timeout client 60s
		    timeout server 60s
	C
}

# start_haproxy THREADS
start_haproxy() {
	config haproxy.cfg "nbthread $1"
	[ $backend = evchan ] || sed -i 's/^ *maxconn.*/&\n    noevchan/' haproxy.cfg
	cat >> haproxy.cfg <<-C
		listen front
		    bind 127.0.0.1:$port
		    server back 127.0.0.1:$((port + 50))
	C
	start "$place/haproxy/haproxy" -V -db -f "$work/haproxy.cfg"
}

start_back() {
	config back.cfg 'tune.bufsize 300000'
	sed -i 's/^ *maxconn.*/&\n    noevchan/' back.cfg
	cat >> back.cfg <<-C
		frontend back
		    bind 127.0.0.1:$((port + 50))
	C
	for file in f0 f1 f2; do
		echo "    http-request return content-type text/plain file $work/$file if { path /$file }" >> back.cfg
	done
	"$place/haproxy/haproxy" -db -f "$work/back.cfg" > back.log 2>&1 & back=$!
}

end_haproxy() {
	stop USR1
	verdict log "$(grep ALERT log | head -n 2)"
}

run_program() {
	start_back
	start_haproxy 2 || return 0
	reason=
	grep -q "Using $backend() as the polling" log || reason=$(grep polling log)
	verdict used "$reason"
	http
	end_haproxy
	start_haproxy 1 || return 0
	measure $started "$tools/load" small 127.0.0.1 $port $conns $((requests / conns))
	end_haproxy
	kill $back
}
