// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller: it changes registrations, copies descriptors and kills consumers while
 * events come.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

int start_consumer(struct consumer *c, uint64_t seed, bool process)
{
	pid_t pid;

	memset(c, 0, sizeof(*c));
	pthread_mutex_init(&c->cancel_lock, NULL);
	c->seed = seed;
	c->process = process;
	if (!process) {
		c->used = !pthread_create(&c->thread, NULL, consumer_thread, c);
		return c->used ? 0 : -1;
	}
	pid = fork();
	if (!pid)
		consumer_process(c);
	/* Set this only in the parent: the struct is shared and pid is 0 in the child. */
	c->pid = pid;
	c->used = pid > 0;
	return c->used ? 0 : -1;
}

static void end_process(struct consumer *c)
{
	int status = 0;

	waitpid(c->pid, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		complain(NULL, "a consumer died of signal %d", WTERMSIG(status));
	c->used = false;
}

/* Stop all consumers, or only the processes. */
void stop_consumers(bool all)
{
	for (unsigned int i = 0; i < world->nr_consumers; i++) {
		struct consumer *c = &world->consumers[i];

		if (!c->used || (!all && !c->process))
			continue;
		c->stop = true;
		if (c->process) {
			end_process(c);
		} else {
			pthread_join(c->thread, NULL);
			c->used = false;
		}
	}
}

static void kill_consumer(struct consumer *c, uint64_t *seed)
{
	if (world->ec && c->process) {
		if (one_in(seed, 3)) {
			kill(c->pid, SIGSTOP);
			usleep(pick(seed, 3000));
		}
		kill(c->pid, SIGKILL);
		end_process(c);
		note_killed(c);
		world->kills++;
	} else if (!c->process) {
		cancel_consumer(c);
		world->cancels++;
	} else {
		return;
	}
	if (start_consumer(c, mix(*seed, 7), world->ec && one_in(seed, 2)))
		complain(NULL, "cannot start a new consumer: %s", strerror(errno));
}

/* Copy the queue's descriptor with dup() or over a socket, use the copy and close it. */
static void copy_descriptor(uint64_t *seed)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	int p[2], fd;
	ec_t ec;

	if (one_in(seed, 2)) {
		fd = dup(world->fd);
	} else {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, p))
			return;
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &world->fd, sizeof(int));
		fd = -1;
		if (sendmsg(p[0], &msg, 0) == 1 && recvmsg(p[1], &msg, 0) == 1)
			memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
		close(p[0]);
		close(p[1]);
	}
	if (fd < 0)
		return;
	if (!world->ec) {
		kevent_ctl(fd, KEVENT_CTL_READY, 0, NULL);
		close(fd);
		return;
	}
	ec = ec_attach(fd);
	if (!ec) {
		complain(NULL, "a copy of the descriptor cannot be mapped: %s", strerror(errno));
		close(fd);
		return;
	}
	ec_hand_over(ec);
	ec_destroy(ec);
}

/* Run a program that inherits everything and exits at once. */
static void execute(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void read_fdinfo(void)
{
	char path[64], buf[4096];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", world->fd);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

void disturb(uint64_t *seed)
{
	struct source *s = &world->sources[pick(seed, world->nr_sources)];
	bool registered = s->kind->class != ONCE;

	world->changes++;
	switch (pick(seed, 16)) {
	case 0: case 1: case 2: case 3:
		if (!registered)
			break;
		lock_source(s);
		if (s->there && s->gen + 2 < MAX_GENS)
			source_del(s);
		if (one_in(seed, 2)) {
			pthread_mutex_unlock(&s->lock);
			usleep(pick(seed, 1000));
			lock_source(s);
		}
		if (!s->there)
			source_add(s);
		pthread_mutex_unlock(&s->lock);
		break;
	case 4: case 5: case 6:
		if (!registered)
			break;
		lock_source(s);
		/* A request that delivery removed cannot be modified. */
		if (s->there)
			source_mod(s);
		pthread_mutex_unlock(&s->lock);
		break;
	case 7: case 8:
		kill_consumer(&world->consumers[pick(seed, world->nr_consumers)], seed);
		break;
	case 9: case 10:
		queue_hand_over();
		break;
	case 11:
		copy_descriptor(seed);
		break;
	case 12:
		if (one_in(seed, 8))
			execute();
		break;
	case 13:
		read_fdinfo();
		break;
	default:
		usleep(pick(seed, 2000));
		break;
	}
}
