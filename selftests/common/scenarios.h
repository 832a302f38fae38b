/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of common.c, the only file that includes this: what happens to the sources of
 * each row, and how many records each face may make of it (evchan, kevent, kevent with a
 * ring, kevent with its own ring).
 */
ROW(nothing_happens, .kind = EVENTFD, .sources = 3, .slots = 8, .events = POLLIN,
    .records = { 0, 0, 0, 0 }, .steps = {
	{ ADD, 0, 2 }, { TAKE } });
ROW(one_event, .kind = EVENTFD, .sources = 1, .slots = 8, .events = POLLIN,
    .records = { 1, 1, 1, 1 }, .steps = {
	{ ADD, 0, 0 }, { FIRE, 0, 0, 1 }, { TAKE } });
ROW(in_order, .kind = EVENTFD, .sources = 8, .slots = 8, .events = POLLIN,
    .records = { 16, 16, 16, 16 }, .steps = {
	{ ADD, 0, 7 }, { FIRE, 4, 7, 1 }, { FIRE, 0, 3, 1 }, { TAKE },
	{ FIRE, 2, 7, 1 }, { FIRE, 0, 1, 1 }, { TAKE } });
ROW(ready_at_add, .kind = EVENTFD, .sources = 4, .slots = 8, .events = POLLIN,
    .records = { 4, 4, 4, 4 }, .steps = {
	{ FIRE, 0, 3, 2 }, { ADD, 0, 3 }, { TAKE } });
/* A kevent ring has an entry for each occurrence, as in 2006; the other faces merge. */
ROW(merging, .kind = EVENTFD, .sources = 2, .slots = 8, .events = POLLIN,
    .records = { 2, 2, 6, 6 }, .steps = {
	{ ADD, 0, 1 }, { FIRE, 0, 1, 3 }, { TAKE } });
ROW(full_ring, .kind = EVENTFD, .sources = 100, .slots = 8, .events = POLLIN,
    .records = { 100, 100, 100, 100 }, .steps = {
	{ ADD, 0, 99 }, { FIRE, 0, 99, 1 }, { TAKE } });
ROW(full_ring_merging, .kind = EVENTFD, .sources = 100, .slots = 8, .events = POLLIN,
    .records = { 100, 100, 108, 108 }, .steps = {
	{ ADD, 0, 99 }, { FIRE, 0, 99, 1 }, { FIRE, 0, 99, 1 }, { FIRE, 0, 99, 3 },
	{ TAKE } });
ROW(full_ring_twice, .kind = EVENTFD, .sources = 100, .slots = 8, .events = POLLIN,
    .records = { 120, 120, 120, 120 }, .steps = {
	{ ADD, 0, 99 }, { FIRE, 50, 99, 1 }, { FIRE, 0, 49, 1 }, { TAKE },
	{ FIRE, 80, 99, 1 }, { TAKE } });
ROW(full_ring_removed, .kind = EVENTFD, .sources = 20, .slots = 8, .events = POLLIN,
    .records = { 18, 18, 18, 18 }, .steps = {
	{ ADD, 0, 19 }, { FIRE, 0, 9, 1 }, { FIRE, 10, 11, 1, .silent = true },
	{ FIRE, 12, 19, 1 }, { REMOVE, 10, 11 }, { TAKE } });
ROW(full_ring_closed, .kind = EVENTFD, .sources = 20, .slots = 8, .events = POLLIN,
    .records = { 20, 20, 20, 20 }, .steps = {
	{ ADD, 0, 19 }, { FIRE, 0, 19, 1 }, { CLOSE, 10, 12 }, { TAKE } });
ROW(pipe_payload, .kind = PIPE, .sources = 4, .slots = 8, .events = EVCHAN_RECV,
    .records = { 8, 8, 48, 48 }, .steps = {
	{ ADD, 0, 3 }, { FIRE, 0, 3, 5 }, { TAKE }, { FIRE, 0, 3, 7 }, { TAKE } });
ROW(pipe_full_ring, .kind = PIPE, .sources = 60, .slots = 8, .events = EVCHAN_RECV,
    .records = { 60, 60, 68, 68 }, .steps = {
	{ ADD, 0, 59 }, { FIRE, 0, 59, 1 }, { FIRE, 0, 59, 4 }, { TAKE } });
ROW(pipe_hang_up, .kind = PIPE, .sources = 2, .slots = 8, .events = EVCHAN_RECV,
    .records = { 4, 4, 6, 6 }, .steps = {
	{ ADD, 0, 1 }, { FIRE, 0, 1, 2 }, { HANG_UP, 0, 1 }, { TAKE } });
ROW(socket_payload, .kind = SOCKET, .sources = 4, .slots = 8, .events = EVCHAN_RECV,
    .records = { 8, 8, 32, 32 }, .steps = {
	{ ADD, 0, 3 }, { FIRE, 0, 3, 4 }, { TAKE }, { FIRE, 0, 3, 4 }, { TAKE } });
ROW(socket_full_ring, .kind = SOCKET, .sources = 60, .slots = 8, .events = EVCHAN_RECV,
    .records = { 60, 60, 68, 68 }, .steps = {
	{ ADD, 0, 59 }, { FIRE, 0, 59, 1 }, { FIRE, 0, 59, 4 }, { TAKE } });
ROW(socket_becomes_writable, .kind = SOCKET, .sources = 2, .slots = 8,
    .events = EVCHAN_RECV, .records = { 2, 2, 2, 2 }, .steps = {
	{ ADD, 0, 1 }, { MODIFY, 0, 1, .events = EVCHAN_SEND }, { TAKE } });
ROW(level_read_at_once, .kind = PIPE, .mode = LEVEL, .sources = 3, .slots = 8,
    .events = EVCHAN_RECV, .records = { 6, 6, 6, 6 }, .steps = {
	{ ADD, 0, 2 }, { FIRE, 0, 2, 3 }, { TAKE }, { FIRE, 0, 2, 1 }, { TAKE } });
ROW(level_one_at_a_time, .kind = PIPE, .mode = LEVEL, .sources = 3, .slots = 8,
    .events = EVCHAN_RECV, .records = { 9, 9, 9, 9 }, .steps = {
	{ ADD, 0, 2 }, { FIRE, 0, 2, 3 }, { TAKE, .reading = READ_ONE } });
ROW(level_full_ring, .kind = PIPE, .mode = LEVEL, .sources = 50, .slots = 8,
    .events = EVCHAN_RECV, .records = { 150, 150, 150, 150 }, .steps = {
	{ ADD, 0, 49 }, { FIRE, 0, 49, 3 }, { TAKE, .reading = READ_ONE } });
ROW(level_socket, .kind = SOCKET, .mode = LEVEL, .sources = 20, .slots = 8,
    .events = EVCHAN_RECV, .records = { 40, 40, 40, 40 }, .steps = {
	{ FIRE, 0, 19, 2 }, { ADD, 0, 19 }, { TAKE, .reading = READ_ONE } });
ROW(oneshot, .kind = EVENTFD, .mode = ONESHOT, .sources = 3, .slots = 8,
    .events = POLLIN, .records = { 6, 6, 6, 6 }, .steps = {
	{ ADD, 0, 2 }, { FIRE, 0, 2, 1 }, { TAKE },
	{ FIRE, 0, 2, 1, .silent = true }, { TAKE },
	{ MODIFY, 0, 2, .events = POLLIN }, { TAKE } });
ROW(oneshot_full_ring, .kind = EVENTFD, .mode = ONESHOT, .sources = 40, .slots = 8,
    .events = POLLIN, .records = { 40, 40, 40, 40 }, .steps = {
	{ ADD, 0, 39 }, { FIRE, 0, 39, 3 }, { TAKE } });
ROW(user_events, .kind = USER, .sources = 2, .slots = 8, .events = 1,
    .records = { 6, 2, 6, 6 }, .steps = {
	{ ADD, 0, 1 }, { FIRE, 0, 1, 3 }, { TAKE } });
ROW(user_full_ring, .kind = USER, .sources = 30, .slots = 8, .events = 1,
    .records = { 37, 30, 37, 37 }, .steps = {
	{ ADD, 0, 29 }, { FIRE, 0, 29, 5 }, { TAKE } });
ROW(timer_once, .kind = TIMER, .mode = ONESHOT, .sources = 3, .slots = 8, .events = 1,
    .records = { 3, 3, 3, 3 }, .steps = {
	{ EXPIRE, 0, 2, 1 }, { ADD, 0, 2 }, { TAKE } });

/*
 * Each realtime signal is an event of its own, with its payload; NOMASK keeps it from the
 * process.
 */
ROW(signal_in_order, .kind = SIGNAL, .sources = 4, .slots = 8, .events = 1,
    .records = { 20, 20, 20, 20 }, .steps = {
	{ ADD, 0, 3 }, { FIRE, 2, 3, 2 }, { FIRE, 0, 1, 2 }, { TAKE },
	{ FIRE, 0, 3, 3 }, { TAKE } });
ROW(signal_full_ring, .kind = SIGNAL, .sources = 20, .slots = 8, .events = 1,
    .records = { 160, 160, 160, 160 }, .steps = {
	{ ADD, 0, 19 }, { FIRE, 0, 19, 5 }, { FIRE, 0, 19, 3 }, { TAKE } });
ROW(process_exit, .kind = PROCESS, .sources = 3, .slots = 8, .events = 1,
    .records = { 3, 3, 3, 3 }, .steps = {
	{ FIRE, 2, 2, 1 }, { ADD, 2, 2 }, { ADD, 0, 1 }, { TAKE }, { FIRE, 0, 1, 1 },
	{ TAKE } });
ROW(process_full_ring, .kind = PROCESS, .sources = 12, .slots = 8, .events = 1,
    .records = { 12, 12, 12, 12 }, .steps = {
	{ ADD, 0, 11 }, { FIRE, 6, 11, 1 }, { FIRE, 0, 5, 1 }, { TAKE } });
ROW(posix_timer_once, .kind = POSIX_TIMER, .sources = 3, .slots = 8, .events = 1,
    .records = { 3, 3, 3, 3 }, .steps = {
	{ EXPIRE, 0, 2, 1 }, { ADD, 0, 2 }, { TAKE } });
ROW(mqueue_notify, .kind = MQUEUE, .sources = 4, .slots = 2, .events = 1,
    .records = { 4, 4, 4, 4 }, .steps = {
	{ ADD, 0, 3 }, { FIRE, 2, 3, 1 }, { FIRE, 0, 1, 1 }, { TAKE } });

ROW(inode_names, .kind = INODE, .sources = 3, .slots = 16, .events = IN_CREATE,
    .records = { 9, 9, 9, 9 }, .steps = {
	{ ADD, 0, 2 }, { FIRE, 1, 2, 2 }, { FIRE, 0, 0, 3 }, { TAKE }, { FIRE, 0, 1, 1 },
	{ TAKE } });
ROW(inode_full_ring, .kind = INODE, .sources = 3, .slots = 4, .events = IN_CREATE,
    .records = { 60, 60, 60, 60 }, .steps = {
	{ ADD, 0, 2 }, { FIRE, 2, 2, 20 }, { FIRE, 0, 1, 20 }, { TAKE } });
ROW(futex_woken, .kind = FUTEX, .mode = ONESHOT, .sources = 4, .slots = 8, .events = 1,
    .records = { 4, 4, 4, 4 }, .steps = {
	{ ADD, 0, 3 }, { FIRE, 2, 3, 1 }, { FIRE, 0, 1, 1 }, { TAKE } });
ROW(futex_full_ring, .kind = FUTEX, .mode = ONESHOT, .sources = 12, .slots = 4, .events = 1,
    .records = { 12, 12, 12, 12 }, .steps = {
	{ ADD, 0, 11 }, { FIRE, 6, 11, 1 }, { FIRE, 0, 5, 1 }, { TAKE } });
ROW(aio_results, .kind = AIO, .sources = 4, .slots = 16, .events = 1,
    .records = { 12, 12, 12, 12 }, .steps = {
	{ FIRE, 2, 3, 2 }, { FIRE, 0, 1, 3 }, { TAKE }, { FIRE, 1, 2, 1 }, { TAKE } });
ROW(aio_full_ring, .kind = AIO, .sources = 8, .slots = 4, .events = 1,
    .records = { 40, 40, 40, 40 }, .steps = {
	{ FIRE, 4, 7, 5 }, { FIRE, 0, 3, 5 }, { TAKE } });
