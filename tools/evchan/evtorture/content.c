// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources whose events say that there are data to read. The data are consecutive numbers of
 * 8 bytes, which must be read in order; the events themselves may be merged. At most LIMIT
 * numbers are unread, so that a write never blocks and is never partial.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture.h"

#define LIMIT	300

static bool may_send(struct source *s, uint64_t limit)
{
	return s->sent - __atomic_load_n(&s->received, __ATOMIC_RELAXED) < limit;
}

static int number_produce(struct source *s)
{
	uint64_t n = s->sent + 1;

	if (!may_send(s, LIMIT) || write(s->wfd, &n, sizeof(n)) != sizeof(n))
		return -1;
	return 0;
}

static int number_consume(struct source *s, uint64_t *first, uint64_t *count)
{
	ssize_t n = read(s->fd, first, sizeof(*first));

	*count = 1;
	if (n == sizeof(*first))
		return 1;
	return n < 0 && errno == EAGAIN ? 0 : -1;
}

static void both_close(struct source *s)
{
	close(s->fd);
	if (s->wfd >= 0 && s->wfd != s->fd)
		close(s->wfd);
}

static int pipe_open(struct source *s)
{
	int p[2];

	if (pipe2(p, O_NONBLOCK | O_CLOEXEC))
		return -1;
	s->fd = p[0];
	s->wfd = p[1];
	return 0;
}

static int fifo_open(struct source *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/evtorture-%d-%u", getpid(), s->index);
	if (mkfifo(path, 0600))
		return -1;
	s->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	s->wfd = s->fd;
	unlink(path);
	return s->fd < 0 ? -1 : 0;
}

static int pair_open(struct source *s, int type)
{
	int p[2];

	if (socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p))
		return -1;
	s->fd = p[0];
	s->wfd = p[1];
	return 0;
}

static int stream_open(struct source *s)
{
	return pair_open(s, SOCK_STREAM);
}

static int packet_open(struct source *s)
{
	return pair_open(s, SOCK_SEQPACKET);
}

static int datagram_open(struct source *s)
{
	return pair_open(s, SOCK_DGRAM);
}

/* A datagram socket holds few datagrams, and UDP drops further ones. */
static int datagram_produce(struct source *s)
{
	return may_send(s, 8) ? number_produce(s) : -1;
}

static int tcp_open(struct source *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(to);
	int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (l < 0)
		return -1;
	s->wfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(l, (struct sockaddr *)&to, sizeof(to)) || listen(l, 1) ||
	    getsockname(l, (struct sockaddr *)&to, &length) ||
	    connect(s->wfd, (struct sockaddr *)&to, sizeof(to))) {
		close(l);
		return -1;
	}
	s->fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	setsockopt(s->wfd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(l);
	return s->fd < 0 || fcntl(s->wfd, F_SETFL, O_NONBLOCK) ? -1 : 0;
}

static int udp_open(struct source *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(to);

	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	s->wfd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return bind(s->fd, (struct sockaddr *)&to, sizeof(to)) ||
	       getsockname(s->fd, (struct sockaddr *)&to, &length) ||
	       connect(s->wfd, (struct sockaddr *)&to, sizeof(to)) ? -1 : 0;
}

static int eventfd_open(struct source *s)
{
	s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return s->fd < 0 ? -1 : 0;
}

static int eventfd_produce(struct source *s)
{
	uint64_t one = 1;

	return write(s->fd, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

/* An eventfd adds up what is written: its value is the count of numbers. */
static int eventfd_consume(struct source *s, uint64_t *first, uint64_t *count)
{
	*first = s->received + 1;
	return read(s->fd, count, sizeof(*count)) == sizeof(*count) ? 1 :
	       errno == EAGAIN ? 0 : -1;
}

static int queue_mq_open(struct source *s)
{
	struct mq_attr attr = { .mq_maxmsg = 8, .mq_msgsize = 8 };
	char name[64];

	snprintf(name, sizeof(name), "/evtorture-%d-%u", getpid(), s->index);
	s->fd = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600, &attr);
	mq_unlink(name);
	return s->fd < 0 ? -1 : 0;
}

static int mq_produce(struct source *s)
{
	uint64_t n = s->sent + 1;

	return mq_send(s->fd, (const char *)&n, sizeof(n), 0);
}

static int mq_consume(struct source *s, uint64_t *first, uint64_t *count)
{
	ssize_t n = mq_receive(s->fd, (char *)first, sizeof(*first), NULL);

	*count = 1;
	return n == sizeof(*first) ? 1 : errno == EAGAIN ? 0 : -1;
}

/* The queue watches another queue, whose user events carry the numbers. */
static int nested_open(struct source *s)
{
	ec_t inner = ec_create_sized(EVCHAN_CLOEXEC, 4);

	if (!inner || ec_user(inner, 1, 1) < 0)
		return -1;
	s->extra = inner;
	s->fd = ec_fd(inner);
	return 0;
}

static void nested_close(struct source *s)
{
	ec_destroy(s->extra);
}

static int nested_produce(struct source *s)
{
	return may_send(s, LIMIT) ? ec_post(s->extra, 1, s->sent + 1) : -1;
}

/* Posts may be merged: the value is the sum of extra[0] consecutive numbers. */
static int nested_consume(struct source *s, uint64_t *first, uint64_t *count)
{
	event_data_t e;

	if (ec_poll_event(s->extra, &e))
		return errno == EAGAIN ? 0 : -1;
	*count = e.extra[0];
	if (!*count)
		return -1;
	*first = (e.value - *count * (*count - 1) / 2) / *count;
	return 1;
}

#define ANY	(1 << EDGE | 1 << LEVEL | 1 << ONESHOT)
#define CONTENT_OF(n, t, e, o, ...) \
	{ .name = n, .class = CONTENT, .type = t, .events = e, .modes = ANY, .open = o, \
	  .close = both_close, .produce = number_produce, .consume = number_consume, __VA_ARGS__ }

/* Most kinds are registered with two types. */
#pragma GCC diagnostic ignored "-Woverride-init"
const struct kind content_kinds[] = {
	CONTENT_OF("pipe", EVCHAN_PIPE, EVCHAN_RECV, pipe_open),
	CONTENT_OF("pipe-poll", EVCHAN_POLL, POLLIN, pipe_open),
	CONTENT_OF("fifo", EVCHAN_PIPE, EVCHAN_RECV, fifo_open),
	CONTENT_OF("fifo-poll", EVCHAN_POLL, POLLIN, fifo_open),
	CONTENT_OF("unix-stream", EVCHAN_SOCKET, EVCHAN_RECV, stream_open),
	CONTENT_OF("unix-stream-poll", EVCHAN_POLL, POLLIN, stream_open),
	CONTENT_OF("unix-packet", EVCHAN_POLL, POLLIN | POLLRDHUP, packet_open),
	CONTENT_OF("unix-datagram", EVCHAN_SOCKET, EVCHAN_RECV, datagram_open,
		   .produce = datagram_produce),
	CONTENT_OF("tcp", EVCHAN_SOCKET, EVCHAN_RECV, tcp_open),
	CONTENT_OF("tcp-poll", EVCHAN_POLL, POLLIN, tcp_open),
	CONTENT_OF("udp", EVCHAN_POLL, POLLIN, udp_open, .produce = datagram_produce),
	CONTENT_OF("eventfd", EVCHAN_POLL, POLLIN, eventfd_open,
		   .produce = eventfd_produce, .consume = eventfd_consume),
	CONTENT_OF("mqueue-poll", EVCHAN_POLL, POLLIN, queue_mq_open,
		   .produce = mq_produce, .consume = mq_consume),
	CONTENT_OF("queue", EVCHAN_POLL, POLLIN, nested_open, .close = nested_close,
		   .produce = nested_produce, .consume = nested_consume),
};
const unsigned int nr_content = sizeof(content_kinds) / sizeof(*content_kinds);
