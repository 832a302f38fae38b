// SPDX-License-Identifier: GPL-2.0-only
/*
 * socket: receive, accept and send, as kevent had them. An error or hang-up is
 * reported as each of the events asked for, as select(2) does.
 *
 * The value is a hint, where it is cheap to get: the bytes that can be read from a
 * TCP socket, the backlog of a listening one, the room in the send buffer.
 */
#include <linux/net.h>
#include <linux/tcp.h>
#include <net/sock.h>

#include "sources.h"

static struct sock *source_sock(struct evcore_source *s)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);
	struct file *file = READ_ONCE(fs->file);
	struct socket *sock = file ? file->private_data : NULL;

	return sock ? READ_ONCE(sock->sk) : NULL;
}

static bool listening(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) == TCP_LISTEN &&
	       (sk->sk_type == SOCK_STREAM || sk->sk_type == SOCK_SEQPACKET);
}

static u32 socket_from_poll(struct evcore_source *s, __poll_t poll)
{
	const struct sock *sk = source_sock(s);
	u32 bits = 0;

	if (poll & (EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		bits |= sk && listening(sk) ? EVCORE_ACCEPT : EVCORE_RECV;
	if (poll & (EPOLLOUT | EPOLLWRNORM | EPOLLHUP | EPOLLERR))
		bits |= EVCORE_SEND;
	return bits;
}

static u64 socket_value(struct evcore_source *s, u32 events)
{
	const struct sock *sk = source_sock(s);

	if (!sk)
		return 0;
	if (events & EVCORE_ACCEPT)
		return READ_ONCE(sk->sk_ack_backlog);
	if (events & EVCORE_RECV && sk_is_tcp(sk)) {
		const struct tcp_sock *tp = tcp_sk(sk);

		return max_t(s32, READ_ONCE(tp->rcv_nxt) -
			     READ_ONCE(tp->copied_seq), 0);
	}
	if (events == EVCORE_SEND)
		return max(READ_ONCE(sk->sk_sndbuf) -
			   refcount_read(&sk->sk_wmem_alloc), 0);
	return 0;
}

static int socket_attach(struct evcore_source *s, struct evcore_request *req,
			 u32 *ready)
{
	struct evcore_fd_source *fs = container_of(s, struct evcore_fd_source, source);

	if (!sock_from_file(fs->file))
		return -ENOTSOCK;
	return evcore_fd_attach(s, req, ready);
}

const struct evcore_source_ops evcore_socket_ops = {
	.name		= "evcore_socket",
	.type		= EVCORE_SOCKET,
	.size		= sizeof(struct evcore_fd_source),
	.modes		= EVCORE_LEVEL | EVCORE_REPORT_CLOSE,
	.all_events	= EVCORE_RECV | EVCORE_ACCEPT | EVCORE_SEND,
	.event_names	= EVCORE_NAMES("recv", "accept", "send"),
	.by_fd		= true,
	.attach		= socket_attach,
	.detach		= evcore_fd_detach,
	.from_poll	= socket_from_poll,
	.check		= evcore_fd_check,
	.value		= socket_value,
};
