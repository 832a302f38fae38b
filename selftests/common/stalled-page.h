/* SPDX-License-Identifier: GPL-2.0-only */
/* A page of memory that is missing until the test provides it: whoever accesses it sleeps. */
#ifndef SELFTESTS_STALLED_PAGE_H
#define SELFTESTS_STALLED_PAGE_H

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "events.h"

struct stalled_page {
	int uffd;
	char *before;	/* a page that is present, directly in front of the missing one */
	char *page;
};

/* Returns 0 or -1, as do the other functions. */
static inline int make_missing_page(struct stalled_page *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	s->uffd = syscall(SYS_userfaultfd, 0);
	s->before = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->uffd < 0 || s->before == MAP_FAILED)
		return -1;
	s->before[0] = 0;
	s->page = s->before + 4096;
	reg.range.start = (unsigned long)s->page;
	reg.range.len = 4096;
	return ioctl(s->uffd, UFFDIO_API, &api) || ioctl(s->uffd, UFFDIO_REGISTER, &reg) ? -1 : 0;
}

/* Wait until a task sleeps because it has accessed the page. */
static inline int await_fault(struct stalled_page *s)
{
	struct pollfd p = { s->uffd, POLLIN, 0 };
	struct uffd_msg msg;

	return poll(&p, 1, LONG_MS) != 1 || read(s->uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	       msg.event != UFFD_EVENT_PAGEFAULT ? -1 : 0;
}

/* Provide the page, which begins with @content, and let the tasks go on that wait for it. */
static inline int provide_page(struct stalled_page *s, const void *content, size_t size)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct uffdio_copy copy = { .dst = (unsigned long)s->page,
				    .src = (unsigned long)page, .len = sizeof(page) };

	memset(page, 0, sizeof(page));
	memcpy(page, content, size);
	return ioctl(s->uffd, UFFDIO_COPY, &copy);
}

static inline void free_missing_page(struct stalled_page *s)
{
	munmap(s->before, 8192);
	close(s->uffd);
}

#endif
