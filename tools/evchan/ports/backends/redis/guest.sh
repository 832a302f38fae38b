# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
# The part of redis in the guest: answers, and a child that saves the data.
# ../guest sources this file, sets $backend and calls run_program() for each of $backends.
backends='epoll kevent evchan'

cat > session <<'R'
SET a 1
INCRBY a 41
LPUSH l x y z
BLPOP l 1
BLPOP nothing 0.05
LRANGE l 0 -1
MULTI
GET a
EXEC
EVAL "return redis.call('GET', KEYS[1])" 1 a
GET missing
WRONG
R

# A server that is told of nothing must not stop the test. The guest's time passes at once while
# all its programs sleep.
redis_cli() {
	timeout 600 redis-cli -p $port "$@"
}

redis_questions() {
	seq 1 300 | sed 's/.*/GET key&/' | redis_cli > data
	seq 1 300 | sed 's/.*/value-of-&/' | cmp -s - data
}

run_program() {
	start "$place/redis/redis-server.$backend" --port $port --bind 127.0.0.1 --save '' --dir "$work" \
		--dbfilename "$backend.rdb" || return 0
	used=$(redis_cli INFO server | sed -n 's/^multiplexing_api:\([a-z]*\).*/\1/p')
	reason=
	[ "$used" = "$backend" ] || reason="redis uses $used"
	verdict used "$reason"
	seq 1 300 | awk '{ printf "SET key%d value-of-%d\r\n", $1, $1 }' | redis_cli --pipe > /dev/null || :
	redis_cli < session > "answers.$backend" 2>&1 || :
	# Requests and answers that are larger than the buffers of a socket.
	awk 'BEGIN { for (i = 0; i < 100000; i++) printf "0123456789" }' > big
	redis_cli -x SET large < big > /dev/null || :
	redis_cli GET large | tr -d '\n' > big.out
	reason=
	cmp -s "answers.$backend" answers.epoll || reason='other answers than with epoll'
	cmp -s big big.out || reason="$reason a large value has changed"
	redis_questions || reason="$reason the data are not intact"
	verdict answers "$reason"
	measure $started redis-benchmark -p $port -n $requests -c $conns --dbnum 0 -t get --csv
	if [ "$length" = SHORT ] && [ "$backend" != evchan ]; then
		stop TERM
		return
	fi
	# A child saves the data. The server serves meanwhile, and afterwards.
	redis_cli BGSAVE > /dev/null || :
	reason=
	redis_questions || reason='wrong answers while a child saves'
	i=0
	until redis_cli INFO persistence | grep -q 'rdb_bgsave_in_progress:0'; do
		i=$((i + 1)); [ $i -lt 300 ] || { reason='BGSAVE does not end'; break; }
		sleep 0.1
	done
	redis_cli INFO persistence | grep -q rdb_last_bgsave_status:ok || reason="$reason the child has failed"
	redis_questions || reason="$reason wrong answers after a child has saved"
	verdict fork "$reason"
	stop TERM
	# The saved data are the same.
	start "$place/redis/redis-server.$backend" --port $port --bind 127.0.0.1 --save '' --dir "$work" \
		--dbfilename "$backend.rdb" || return 0
	reason=
	redis_questions || reason='the saved data are not intact'
	verdict saved "$reason"
	stop TERM
}
