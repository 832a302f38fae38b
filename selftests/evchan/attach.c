// SPDX-License-Identifier: GPL-2.0-only
/*
 * ec_attach() of libevchan takes the size of the ring from a header that other processes can
 * write to. A header that does not fit the mapping is refused, and nothing outside the mapping
 * is ever accessed.
 */
#include "channel.h"
#include "evchan.h"	/* libevchan's */

/* How many mappings this process has. */
static int mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int c, n = 0;

	while (f && (c = fgetc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

/* Returns the errno of ec_attach(); 0 if it succeeds. */
static int attach(int fd)
{
	ec_t ec = ec_attach(fd);

	if (!ec)
		return errno;
	ec_destroy(ec);
	return 0;
}

/* The size in the header is 0, odd, huge or larger than the mapping: EINVAL, and no leak. */
TEST(attach_with_a_hostile_header)
{
	static const uint32_t sizes[] = { 2, 64, 65, 1024, 65536 };
	static const uint32_t bad[] = { 0, 1, 3, 48, 0x7fffffff, 0x80000000, UINT32_MAX };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct channel c;
		int before;

		ASSERT_EQ(channel_open(&c, sizes[i], 0), 0);
		before = mappings();
		for (unsigned int j = 0; j < sizeof(bad) / sizeof(*bad); j++) {
			c.header->entries = bad[j];
			ASSERT_EQ(attach(c.fd), EINVAL) {
				TH_LOG("%u slots, but the header says %u", sizes[i], bad[j]);
			}
			EXPECT_EQ(mappings(), before);
			EXPECT_EQ(fcntl(c.fd, F_GETFD), 0);	/* it stays open */
		}
		/* The next power of two that does not fit the mapping's pages. */
		c.header->entries = c.params.entries < 64 ? 128 : 2 * c.params.entries;
		EXPECT_EQ(attach(c.fd), EINVAL);
		/* The channel itself is not harmed. */
		c.header->entries = c.params.entries;
		EXPECT_EQ(attach(dup(c.fd)), 0);
		channel_close(&c);
	}
}

/* Rings smaller than a page have mappings of equal length: each is attached with its own size. */
TEST(attach_finds_the_size)
{
	for (uint32_t entries = 2; entries <= 65536; entries *= 2) {
		struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
		struct channel c;
		event_data_t e;
		ec_t ec;

		ASSERT_EQ(channel_open(&c, entries, 0), 0);
		ec = ec_attach(dup(c.fd));
		ASSERT_NE(ec, NULL) {
			TH_LOG("%u slots: errno %d", entries, errno);
		}
		EXPECT_EQ(ec->mask, c.params.entries - 1);
		EXPECT_EQ(ec->length, c.params.map_length);
		ASSERT_EQ(change(&c, &ch), 0);
		for (uint32_t i = 0; i < 3 * 2; i++) {
			ASSERT_EQ(ec_post(ec, 1, i), 0);
			ASSERT_EQ(ec_wait_event(ec, &e), 0);
			EXPECT_EQ(e.value, i);
		}
		ec_destroy(ec);
		channel_close(&c);
	}
}

/*
 * The size in the header changes after ec_attach() has read it, and so does everything else in
 * the ring: the library keeps to the size that it has checked.
 */
TEST(header_changes_after_attach)
{
	struct evchan_change ch = { .op = EVCHAN_ADD, .type = EVCHAN_USER, .id = 1 };
	unsigned int seed = 1;
	struct channel c;
	event_data_t e;
	ec_t ec;

	ASSERT_EQ(channel_open(&c, 64, 0), 0);
	ASSERT_EQ(change(&c, &ch), 0);
	ec = ec_attach(dup(c.fd));
	ASSERT_NE(ec, NULL);
	for (int round = 0; round < 2000; round++) {
		c.header->entries = rand_r(&seed);
		c.header->flags = rand_r(&seed);
		c.header->head = rand_r(&seed) * 0x100000001ULL;
		c.events[round % 64].state = rand_r(&seed) * 0x100000001ULL;
		EXPECT_EQ(ec->mask, 63);
		ec_post(ec, 1, round);
		ec_take(ec, &e);
	}
	ec_destroy(ec);
	channel_close(&c);
}

/* Files that are no channel: those that cannot be mapped, and a header that somebody made up. */
TEST(attach_to_other_files)
{
	int pipes[2], file = memfd_create("attach", 0), before;
	struct evchan_ring_header *header;

	ASSERT_EQ(pipe(pipes), 0);
	EXPECT_NE(attach(pipes[0]), 0);
	EXPECT_EQ(attach(-1), EBADF);
	ASSERT_EQ(ftruncate(file, 8192), 0);
	header = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(header, MAP_FAILED);
	before = mappings();
	header->entries = 0;
	EXPECT_EQ(attach(file), EINVAL);
	header->entries = 65536;
	EXPECT_EQ(attach(file), EINVAL);
	EXPECT_EQ(mappings(), before);
	munmap(header, 8192);
	close(file);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_HARNESS_MAIN
