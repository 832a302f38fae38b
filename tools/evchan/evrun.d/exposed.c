// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the C library by which others get to use a set, and which pass unchanged: a
 * set that is polled, or sent to another process. calls.c has those that duplicate one, and
 * programs.c those that start a program. From then on the face must not keep anything back, see
 * expose().
 */
#include <dlfcn.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "preload.h"

void expose_polled(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; fds && i < n; i++)
		expose(fds[i].fd);
}

void expose_selected(int n, const fd_set *in_set)
{
	for (int fd = 0; in_set && fd < n && fd < FD_SETSIZE; fd++)
		if (FD_ISSET(fd, in_set))
			expose(fd);
}

EXPORT int poll(struct pollfd *fds, nfds_t n, int ms)
{
	REAL(int, "poll", struct pollfd *, nfds_t, int);
	expose_polled(fds, n);
	return next(fds, n, ms);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *to, const sigset_t *mask)
{
	REAL(int, "ppoll", struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	expose_polled(fds, n);
	return next(fds, n, to, mask);
}

/* What poll() and ppoll() are with _FORTIFY_SOURCE. */
EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t len)
{
	REAL(int, "__poll_chk", struct pollfd *, nfds_t, int, size_t);
	expose_polled(fds, n);
	return next(fds, n, ms, len);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *to,
		       const sigset_t *mask, size_t len)
{
	REAL(int, "__ppoll_chk", struct pollfd *, nfds_t, const struct timespec *,
	     const sigset_t *, size_t);
	expose_polled(fds, n);
	return next(fds, n, to, mask, len);
}

EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *to)
{
	REAL(int, "select", int, fd_set *, fd_set *, fd_set *, struct timeval *);
	expose_selected(n, r);
	return next(n, r, w, e, to);
}

EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *to,
		   const sigset_t *mask)
{
	REAL(int, "pselect", int, fd_set *, fd_set *, fd_set *, const struct timespec *,
	     const sigset_t *);
	expose_selected(n, r);
	return next(n, r, w, e, to, mask);
}

static void expose_sent(const struct msghdr *msg)
{
	struct cmsghdr *c = msg && msg->msg_control ? CMSG_FIRSTHDR(msg) : NULL;

	for (; c; c = CMSG_NXTHDR((struct msghdr *)msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
			int sent;

			memcpy(&sent, CMSG_DATA(c) + at, sizeof(sent));
			expose(sent);
		}
	}
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	REAL(ssize_t, "sendmsg", int, const struct msghdr *, int);
	expose_sent(msg);
	return next(fd, msg, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	REAL(int, "sendmmsg", int, struct mmsghdr *, unsigned int, int);
	for (unsigned int i = 0; msgs && i < n; i++)
		expose_sent(&msgs[i].msg_hdr);
	return next(fd, msgs, n, flags);
}
