# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
# The part of nginx in the guest: one worker, and two that share a socket.
# ../guest sources this file, sets $backend and calls run_program() for each of $backends.
backends='epoll evchan'

# start_nginx WORKERS
start_nginx() {
	cat > nginx.conf <<-N
		user root;
		worker_processes $1;
		daemon off;
		pid $work/nginx.pid;
		error_log $work/nginx.log info;
		events { worker_connections 500; use $backend; }
		http {
			access_log off;
			client_body_temp_path $work/body;
			server { listen 127.0.0.1:$port; root $work; keepalive_requests 1000000; }
		}
	N
	: > nginx.log
	start "$place/nginx/nginx" -p "$work" -c "$work/nginx.conf" -e "$work/nginx.log" && return
	sed 's/^/# /' nginx.log
	return 1
}

end_nginx() {
	stop QUIT
	verdict log "$(grep -E '\[(alert|crit|emerg|error)\]' nginx.log | head -n 2)"
}

run_program() {
	# The workers share the listening socket.
	start_nginx 2 || return 0
	reason=
	grep -q "using the \"$backend\" event method" nginx.log || reason=$(grep event nginx.log)
	verdict used "$reason"
	http
	end_nginx
	start_nginx 1 || return 0
	worker=$(awk -v parent=$started '{ sub(/.*\) /, $1 " ") } $3 == parent { print $1 }' /proc/[0-9]*/stat 2> /dev/null)
	measure "$worker" "$tools/load" small 127.0.0.1 $port $conns $((requests / conns))
	end_nginx
}
