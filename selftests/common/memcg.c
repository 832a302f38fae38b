// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memory cgroup at its limit. What a process causes is charged to its cgroup, whoever made
 * the queue: rings, sources and records. At the limit the calls fail with ENOMEM, no process
 * outside is killed or hindered, and all charges end with the queue.
 */
#include <linux/aio_abi.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "face-fixture.h"
#include "operations.h"

#define GROUPS	"/sys/fs/cgroup/"
#define GROUP	GROUPS "evcore-limit/"
#define ROOM	(4 << 20)	/* bytes that the group may use beyond what its process needs */
#define MOST	60000		/* more than fit into ROOM of anything that is tested */
#define SLOTS	2048		/* of the rings that are tested */

enum resource { RINGS, SOURCES, RECORDS, RESOURCES };

static const char *const resource_names[] = { "rings", "sources", "records" };

/* The least memory that one of them needs. */
static const size_t least[] = { SLOTS * sizeof(struct ukevent), 96, 64 };

/* What the process in the group and the test tell each other. */
struct report {
	int ready, go, done, again;
	int count, ret;		/* of the calls that succeeded, and of the one that did not */
	int after;		/* of the same call once there is memory again */
};

static long long group_number(const char *file, const char *key)
{
	long long value = -1, n;
	char word[64], path[128];
	FILE *f;

	snprintf(path, sizeof(path), GROUP "%s", file);
	f = fopen(path, "r");
	if (f && !key && fscanf(f, "%lld", &n) == 1)
		value = n;
	while (f && key && fscanf(f, "%63s %lld", word, &n) == 2)
		if (!strcmp(word, key))
			value = n;
	if (f)
		fclose(f);
	return value;
}

static int set_limit(long long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", bytes);
	return write_file(GROUP "memory.max", bytes < 0 ? "max" : text);
}

static int raise_limits(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY }, files = { MOST, MOST };

	return setrlimit(RLIMIT_MEMLOCK, &all) || setrlimit(RLIMIT_NOFILE, &files);
}

/* Return: 0 or a negative errno. */
static int use_one(struct face *f, enum resource what, aio_context_t context, int fd, int n)
{
	struct face ring = { .kind = f->kind };
	struct iocb cb = {
		.aio_data = n, .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = fd,
		.aio_buf = POLLIN, .aio_flags = IOCB_FLAG_EVCORE, .aio_resfd = face_fd(f),
	}, *one = &cb;

	switch (what) {
	case RINGS:
		if (f->kind == EVCHAN)
			return channel_open(&ring.c, SLOTS, 0) ? -errno : 0;
		return queue_open(&ring.q, SLOTS, 0) ? -errno : 0;
	case SOURCES:
		return face_user(f, n);
	default:
		return syscall(SYS_io_submit, context, 1, &one) == 1 ? 0 : -errno;
	}
}

static void await_flag(int *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
		usleep(1000);
}

static void set_flag(int *flag)
{
	__atomic_store_n(flag, 1, __ATOMIC_RELEASE);
}

/* The process in the group uses as much as it can get. It cannot be chosen by the OOM killer. */
static void use_all(struct face *f, enum resource what, struct report *r)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	aio_context_t context = 0;

	if (write_file(GROUP "cgroup.procs", "0") || raise_limits() ||
	    write_file("/proc/self/oom_score_adj", "-1000") ||
	    (what == RECORDS && syscall(SYS_io_setup, MOST, &context)))
		_exit(1);
	/* The first of each kind may need more than the others. */
	for (int n = 1; n <= 3; n++)
		if (use_one(f, what, context, fd, n))
			_exit(2);
	set_flag(&r->ready);
	await_flag(&r->go);
	for (r->count = 0; r->count < MOST && !r->ret; r->count += !r->ret)
		r->ret = use_one(f, what, context, fd, 10 + r->count);
	set_flag(&r->done);
	await_flag(&r->again);
	r->after = use_one(f, what, context, fd, 10 + r->count);
	_exit(0);
}

/* A queue of a process outside the group works as before. */
static bool works(struct face *f)
{
	struct got g;
	int fd = eventfd(1, EFD_NONBLOCK);
	bool ok = !face_watch(f, EVCHAN_POLL, fd, POLLIN, EDGE, 99) &&
		  face_fetch(f, &g, LONG_MS) == 1 && g.data == 99;

	close(fd);
	return ok;
}

static void test_resource(struct __test_metadata *_metadata, struct face *self,
			  enum resource what)
{
	struct report *r = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct face outside = { .kind = self->kind };
	long long used;
	int status;
	pid_t pid;

	ASSERT_EQ(face_open(&outside), 0);
	pid = fork();
	if (!pid)
		use_all(self, what, r);
	while (!__atomic_load_n(&r->ready, __ATOMIC_ACQUIRE)) {
		ASSERT_EQ(waitpid(pid, &status, WNOHANG), 0) {
			TH_LOG("%s: status %x", resource_names[what], status);
		}
		usleep(1000);
	}
	used = group_number("memory.current", NULL);
	ASSERT_GT(used, 0);
	ASSERT_EQ(set_limit(used + ROOM), 0);
	set_flag(&r->go);
	await_flag(&r->done);
	TH_LOG("%s: %d in %d bytes, then %d", resource_names[what], r->count, ROOM, r->ret);
	EXPECT_EQ(r->ret, -ENOMEM);
	EXPECT_GT(r->count, 0);
	EXPECT_LT(r->count * least[what], 2 * ROOM);
	EXPECT_GT(group_number("memory.events", "max"), 0);
	EXPECT_EQ(group_number("memory.events", "oom_kill"), 0);
	EXPECT_TRUE(works(&outside));
	EXPECT_TRUE(works(self));
	EXPECT_EQ(set_limit(-1), 0);
	set_flag(&r->again);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(r->after, 0);
	face_close(&outside);
	munmap(r, 4096);
}

struct setting {
	const char *path;
	char old[32];
};

static struct setting settings[] = {
	{ "/proc/sys/fs/aio-max-nr" }, { "/proc/sys/fs/evcore/max_user_records" },
	{ "/proc/sys/fs/evcore/max_user_sources" },
};

static int change_settings(bool restore)
{
	for (unsigned int i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		struct setting *s = &settings[i];
		FILE *f = restore ? NULL : fopen(s->path, "r");

		if (!restore && (!f || !fgets(s->old, sizeof(s->old), f)))
			return -1;
		if (f)
			fclose(f);
		if (write_file(s->path, restore ? s->old : "1000000"))
			return -1;
	}
	return 0;
}

static int make_group(void)
{
	write_file(GROUPS "cgroup.subtree_control", "+memory");
	return mkdir(GROUP, 0755);
}

/* Wait until the charges of what was closed have ended: some memory is freed a little later. */
static long long lowest_use(void)
{
	long long low = INT64_MAX, now;

	for (int i = 0; i < LONG_MS && low > ROOM / 4; i++) {
		now = group_number("memory.current", NULL);
		low = now < low ? now : low;
		usleep(1000);
	}
	return low;
}

TEST_F_TIMEOUT(face, cgroup_at_its_limit, 300)
{
	ASSERT_EQ(change_settings(false), 0);
	for (enum resource what = RINGS; what < RESOURCES; what++) {
		ASSERT_EQ(make_group(), 0);
		test_resource(_metadata, self, what);
		/* The sources and records are in the queue of this process. */
		face_close(self);
		EXPECT_LE(lowest_use(), ROOM / 4);
		EXPECT_EQ(rmdir(GROUP), 0);
		ASSERT_EQ(face_open(self), 0);
	}
	EXPECT_EQ(change_settings(true), 0);
}

/* Without that protection the OOM killer takes a process of the group, and no other one. */
TEST_F_TIMEOUT(face, cgroup_kills_only_its_own, 300)
{
	int status, own[2], child_ready = 0;
	pid_t pid, bystander;

	ASSERT_EQ(change_settings(false), 0);
	ASSERT_EQ(make_group(), 0);
	ASSERT_EQ(set_limit(ROOM), 0);
	ASSERT_EQ(pipe(own), 0);
	bystander = fork();
	if (!bystander) {
		pause();
		_exit(0);
	}
	pid = fork();
	if (!pid) {
		struct face f = { .kind = self->kind };

		if (write_file(GROUP "cgroup.procs", "0") || face_open(&f) || raise_limits() ||
		    write(own[1], "x", 1) != 1)
			_exit(1);
		for (int i = 0; i < MOST; i++)
			if (use_one(&f, SOURCES, 0, -1, i) || use_one(&f, RINGS, 0, -1, i))
				_exit(3);
		_exit(4);
	}
	EXPECT_EQ(read(own[0], &child_ready, 1), 1);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_TRUE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
		    WEXITSTATUS(status) == 3) {
		TH_LOG("status %x", status);
	}
	EXPECT_EQ(waitpid(bystander, &status, WNOHANG), 0);
	EXPECT_TRUE(works(self));
	kill(bystander, SIGKILL);
	waitpid(bystander, &status, 0);
	EXPECT_LE(lowest_use(), ROOM / 4);
	EXPECT_EQ(rmdir(GROUP), 0);
	EXPECT_EQ(change_settings(true), 0);
	close(own[0]);
	close(own[1]);
}

TEST_HARNESS_MAIN
