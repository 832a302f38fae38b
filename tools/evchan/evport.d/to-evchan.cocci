// SPDX-License-Identifier: GPL-2.0-only
// From kevent to the event channel. What is not fully understood stays as it is,
// and evport reports it. The declarations of queues, requests and events already have
// their new types; see roles.py.
virtual counts, hints, times, posts, nanoseconds

@@ expression E; @@
- kevent_perror(E)
+ ec_perror(E)

// --- the queue becomes a channel: where it is made ---

@@ typedef ec_t, event_data_t, uintptr_t, uint32_t; expression F; @@
- kevent_init(NULL, 0, F)
+ ec_create(F)

@@ expression E; @@
- kevent_ctl(E, KEVENT_CTL_INIT, ...)
+ ec_create(0)

@@ @@
(
- open("/dev/kevent", <+... O_NONBLOCK ...+>)
+ ec_create(EVCHAN_NONBLOCK)
|
- open("/dev/kevent", ...)
+ ec_create(0)
)

@@ expression R, N, F; @@
- kevent_init(R, N, F)
+ ec_create_sized(F, N)

@@ expression F, N; @@
(
- ec_create(F) < 0
+ !ec_create(F)
|
- ec_create(F) >= 0
+ ec_create(F)
|
- ec_create_sized(F, N) < 0
+ !ec_create_sized(F, N)
|
- ec_create_sized(F, N) >= 0
+ ec_create_sized(F, N)
)

@@ identifier Q; expression X; @@
  ec_t Q = *
- (int *)
+ (ec_t *)
  X;

@@ ec_t Q; expression X; @@
  Q = *
- (int *)
+ (ec_t *)
  X

// --- ... and where its descriptor is meant ---

@@ ec_t Q; struct pollfd P; @@
  P.fd =
- Q
+ ec_fd(Q)

@@ ec_t Q; struct pollfd *P; @@
  P->fd =
- Q
+ ec_fd(Q)

@@ ec_t Q; identifier f = {fcntl, ioctl, dup, dup2, epoll_ctl, FD_SET, FD_ISSET, FD_CLR, fstat}; @@
  f(...,
- Q
+ ec_fd(Q)
  , ...)

// --- libkevent's queue with a mapped ring ---

@@ struct kevent_queue Q; @@
(
 pthread_create(..., &Q)
|
- &Q
+ Q
)

@@ @@
- struct kevent_queue *
+ ec_t

@@ identifier Q; @@
- struct kevent_queue Q;
+ ec_t Q;

@@ ec_t Q; expression N, F; @@
(
- kevent_open(Q, N, F) < 0
+ !(Q = ec_create_sized(F, N))
|
- kevent_open(Q, N, F)
+ !(Q = ec_create_sized(F, N))
)

@@ ec_t Q; @@
(
- Q.fd
+ Q
|
- Q->fd
+ Q
)

@@ expression E; @@
- kevent_close(E)
+ ec_destroy(E)

@ disable neg_if @ ec_t E; @@
(
- E < 0
+ !E
|
- E == -1
+ !E
|
- E != -1
+ E
|
- E > -1
+ E
|
- E >= 0
+ E
|
- E = -1
+ E = NULL
)

@@ identifier f; @@
 ec_t f(...) {
 <...
- return -1;
+ return NULL;
 ...>
 }

@@ ec_t E; @@
- close(E)
+ ec_destroy(E)

// --- requests by structure: those given to the calls that change ---

@ request @ identifier X; @@
 struct evchan_change X = { ..., };

@@ identifier request.X; expression V; @@
 struct evchan_change X = {
- .event = V,
+ .events = V,
 };

@@ struct evchan_change X; expression V; identifier F !~ "^KEVENT_"; @@
(
- X.event
+ X.events
|
- X.id.raw[0] = V
+ X.args[0] = V
|
- X.id.raw[0]
+ (uint32_t)X.args[0]
|
- X.id.raw_u64
+ X.id
|
- X.ptr = V
+ X.data = (uintptr_t)(V)
|
- X.user[0] = V
+ X.data = (uint32_t)(V)
|
- X.user[1] = V
+ X.data |= (uint64_t)(V) << 32
|
- X.user[0]
+ (uint32_t)X.data
|
- X.req_flags = 0
+ X.flags = EVCHAN_LEVEL
|
- X.req_flags = KEVENT_REQ_ALWAYS_QUEUE
+ X.flags = EVCHAN_LEVEL
|
- X.req_flags = KEVENT_REQ_ET
+ X.flags = EVCHAN_EDGE
|
- X.req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE
+ X.flags = EVCHAN_EDGE
|
- X.req_flags = KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_ET
+ X.flags = EVCHAN_EDGE
|
- X.req_flags = KEVENT_REQ_ONESHOT
+ X.flags = EVCHAN_ONESHOT
|
- X.req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE
+ X.flags = EVCHAN_ONESHOT
|
- X.req_flags = KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_ONESHOT
+ X.flags = EVCHAN_ONESHOT
|
- X.req_flags |= KEVENT_REQ_ONESHOT
+ X.flags = EVCHAN_ONESHOT
|
- X.req_flags |= KEVENT_REQ_ET
+ X.flags = EVCHAN_EDGE
|
- X.req_flags = F
+ X.flags = F
)

@@ struct evchan_change *X; expression V; identifier F !~ "^KEVENT_"; @@
(
- X->event
+ X->events
|
- X->id.raw[0] = V
+ X->args[0] = V
|
- X->id.raw[0]
+ (uint32_t)X->args[0]
|
- X->id.raw_u64
+ X->id
|
- X->ptr = V
+ X->data = (uintptr_t)(V)
|
- X->user[0] = V
+ X->data = (uint32_t)(V)
|
- X->user[1] = V
+ X->data |= (uint64_t)(V) << 32
|
- X->user[0]
+ (uint32_t)X->data
|
- X->req_flags = 0
+ X->flags = EVCHAN_LEVEL
|
- X->req_flags = KEVENT_REQ_ALWAYS_QUEUE
+ X->flags = EVCHAN_LEVEL
|
- X->req_flags = KEVENT_REQ_ET
+ X->flags = EVCHAN_EDGE
|
- X->req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE
+ X->flags = EVCHAN_EDGE
|
- X->req_flags = KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_ET
+ X->flags = EVCHAN_EDGE
|
- X->req_flags = KEVENT_REQ_ONESHOT
+ X->flags = EVCHAN_ONESHOT
|
- X->req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE
+ X->flags = EVCHAN_ONESHOT
|
- X->req_flags = KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_ONESHOT
+ X->flags = EVCHAN_ONESHOT
|
- X->req_flags |= KEVENT_REQ_ONESHOT
+ X->flags = EVCHAN_ONESHOT
|
- X->req_flags |= KEVENT_REQ_ET
+ X->flags = EVCHAN_EDGE
|
- X->req_flags = F
+ X->flags = F
)

@@ identifier request.X; expression V; @@
 struct evchan_change X = {
- .id.raw[0] = V,
+ .args[0] = V,
 };

@@ identifier request.X; expression V; @@
 struct evchan_change X = {
- .id.raw = { V },
+ .args[0] = V,
 };

@@ identifier request.X; expression V; @@
 struct evchan_change X = {
- .id.raw_u64 = V,
+ .id = V,
 };

@@ identifier request.X; @@
 struct evchan_change X = {
- .req_flags = \(0\|KEVENT_REQ_ALWAYS_QUEUE\),
+ .flags = EVCHAN_LEVEL,
 };

@@ identifier request.X; @@
 struct evchan_change X = {
- .req_flags = \(KEVENT_REQ_ET\|KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE\|KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_ET\),
+ .flags = EVCHAN_EDGE,
 };

@@ identifier request.X; @@
 struct evchan_change X = {
- .req_flags = \(KEVENT_REQ_ONESHOT\|KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE\|KEVENT_REQ_ALWAYS_QUEUE | KEVENT_REQ_ONESHOT\),
+ .flags = EVCHAN_ONESHOT,
 };

@@ identifier request.X; expression V; @@
 struct evchan_change X = {
- .ptr = V,
+ .data = (uintptr_t)V,
 };

@@ identifier request.X; expression V; @@
 struct evchan_change X = {
- .user[0] = V,
+ .data = V,
 };

@@ struct evchan_change X; expression E; identifier C !~ "^KEVENT_"; @@
(
- kevent_ctl(E, KEVENT_CTL_ADD, 1, &X)
+ (X.op = EVCHAN_ADD, ec_change(E, &X))
|
- kevent_request(E, KEVENT_CTL_ADD, &X)
+ (X.op = EVCHAN_ADD, ec_change(E, &X))
|
- kevent_ctl(E, KEVENT_CTL_MODIFY, 1, &X)
+ (X.op = EVCHAN_MOD, ec_change(E, &X))
|
- kevent_request(E, KEVENT_CTL_MODIFY, &X)
+ (X.op = EVCHAN_MOD, ec_change(E, &X))
|
- kevent_ctl(E, KEVENT_CTL_REMOVE, 1, &X)
+ (X.op = EVCHAN_DEL, ec_change(E, &X))
|
- kevent_request(E, KEVENT_CTL_REMOVE, &X)
+ (X.op = EVCHAN_DEL, ec_change(E, &X))
|
- kevent_ctl(E, C, 1, &X)
+ (X.op = C, ec_change(E, &X))
|
- kevent_request(E, C, &X)
+ (X.op = C, ec_change(E, &X))
)

@@ struct evchan_change *X; expression E; identifier C !~ "^KEVENT_"; @@
(
- kevent_ctl(E, KEVENT_CTL_ADD, 1, X)
+ (X->op = EVCHAN_ADD, ec_change(E, X))
|
- kevent_request(E, KEVENT_CTL_ADD, X)
+ (X->op = EVCHAN_ADD, ec_change(E, X))
|
- kevent_ctl(E, KEVENT_CTL_MODIFY, 1, X)
+ (X->op = EVCHAN_MOD, ec_change(E, X))
|
- kevent_request(E, KEVENT_CTL_MODIFY, X)
+ (X->op = EVCHAN_MOD, ec_change(E, X))
|
- kevent_ctl(E, KEVENT_CTL_REMOVE, 1, X)
+ (X->op = EVCHAN_DEL, ec_change(E, X))
|
- kevent_request(E, KEVENT_CTL_REMOVE, X)
+ (X->op = EVCHAN_DEL, ec_change(E, X))
|
- kevent_ctl(E, C, 1, X)
+ (X->op = C, ec_change(E, X))
|
- kevent_request(E, C, X)
+ (X->op = C, ec_change(E, X))
)

// Several at once, by a function that evport adds, which calls evchan_ctl().
@@ expression E, N, A; identifier C !~ "^KEVENT_"; @@
(
- kevent_ctl(E, KEVENT_CTL_ADD, N, A)
+ evport_change(E, EVCHAN_ADD, N, A)
|
- kevent_ctl(E, KEVENT_CTL_MODIFY, N, A)
+ evport_change(E, EVCHAN_MOD, N, A)
|
- kevent_ctl(E, KEVENT_CTL_REMOVE, N, A)
+ evport_change(E, EVCHAN_DEL, N, A)
|
- kevent_ctl(E, C, N, A)
+ evport_change(E, C, N, A)
)

@@ struct evchan_change X; expression E; @@
- kevent_ctl(E, KEVENT_CTL_READY, 1, &X)
+ (ec_post(E, X.id, 1) < 0 ? -1 : 1)

@@ struct evchan_change *X; expression E; @@
- kevent_ctl(E, KEVENT_CTL_READY, 1, X)
+ (ec_post(E, X->id, 1) < 0 ? -1 : 1)

@@ struct evchan_change X; expression V; @@
  memset(&X, V, sizeof(
- struct ukevent
+ struct evchan_change
  ))

@@ struct evchan_change *P; identifier f; @@
  P = f(..., <+... sizeof(
- struct ukevent
+ struct evchan_change
  ) ...+>, ...)

@@ struct evchan_change *P; expression V; @@
  memset(P, V, <+... sizeof(
- struct ukevent
+ struct evchan_change
  ) ...+>)

// What each request answered.
@@ struct evchan_change X; @@
(
- X.ret_flags & KEVENT_RET_BROKEN
+ X.result < 0
|
- X.ret_flags == KEVENT_RET_DONE
+ X.result >= 0
|
- (int)X.ret_data[1]
+ X.result
|
- X.ret_data[1]
+ X.result
)

@@ struct evchan_change *X; @@
(
- X->ret_flags & KEVENT_RET_BROKEN
+ X->result < 0
|
- X->ret_flags == KEVENT_RET_DONE
+ X->result >= 0
|
- (int)X->ret_data[1]
+ X->result
|
- X->ret_data[1]
+ X->result
)

@@ expression E, V; struct evchan_change X; @@
- (X.op = V, ec_change(E, &X));
+ X.op = V;
+ ec_change(E, &X);

@@ expression E, V; struct evchan_change *X; @@
- (X->op = V, ec_change(E, X));
+ X->op = V;
+ ec_change(E, X);

// A removal may answer 1 here, where kevent answers 0.
@@ expression E; struct evchan_change X; expression V != {EVCHAN_ADD, EVCHAN_SET, EVCHAN_MOD}; @@
- (X.op = V, ec_change(E, &X))
+ (X.op = V, ec_change(E, &X) < 0 ? -1 : 0)

@@ expression E; struct evchan_change *X; expression V != {EVCHAN_ADD, EVCHAN_SET, EVCHAN_MOD}; @@
- (X->op = V, ec_change(E, X))
+ (X->op = V, ec_change(E, X) < 0 ? -1 : 0)

// --- libkevent's calls; without a flag kevent is level-triggered ---

// Only descriptors have a level, and only they are named by an argument.
@@ expression E, S, EV, P; @@
(
- kevent_watch(E, KEVENT_SIGNAL, S, EV, \(0\|KEVENT_REQ_ALWAYS_QUEUE\), P)
+ ec_watch_signal(E, S, 0, (uintptr_t)(P))
|
- kevent_watch(E, KEVENT_SIGNAL, S, EV, \(KEVENT_REQ_ONESHOT\|KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE\), P)
+ ec_watch_signal(E, S, EVCHAN_ONESHOT, (uintptr_t)(P))
|
- kevent_watch(E, KEVENT_UNOTIFY, S, EV, \(0\|KEVENT_REQ_ALWAYS_QUEUE\), P)
+ ec_user(E, S, (uintptr_t)(P))
|
- kevent_watch(E, KEVENT_PROCESS, S, EV, \(0\|KEVENT_REQ_ALWAYS_QUEUE\|KEVENT_REQ_ONESHOT\), P)
+ ec_watch_process(E, S, (uintptr_t)(P))
|
- kevent_unwatch(E, KEVENT_SIGNAL, S)
+ ec_remove(E, EVCHAN_SIGNAL, S)
|
- kevent_unwatch(E, KEVENT_UNOTIFY, S)
+ ec_remove(E, EVCHAN_USER, S)
)

@@ expression E, T, FD, EV, P, F; @@
(
 kevent_watch(E, \(KEVENT_SIGNAL\|KEVENT_UNOTIFY\|KEVENT_TIMER\|KEVENT_INODE\|KEVENT_AIO\|KEVENT_NAIO\|KEVENT_PROCESS\|KEVENT_FUTEX\|KEVENT_MQUEUE\|KEVENT_POSIX_TIMER\), FD, EV, F, P)
|
- kevent_watch(E, T, FD, EV, \(0\|KEVENT_REQ_ALWAYS_QUEUE\), P)
+ ec_watch(E, T, FD, EV, EVCHAN_LEVEL, (uintptr_t)(P))
|
- kevent_watch(E, T, FD, EV, \(KEVENT_REQ_ET\|KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE\), P)
+ ec_watch(E, T, FD, EV, EVCHAN_EDGE, (uintptr_t)(P))
|
- kevent_watch(E, T, FD, EV, \(KEVENT_REQ_ONESHOT\|KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE\), P)
+ ec_watch(E, T, FD, EV, EVCHAN_ONESHOT, (uintptr_t)(P))
|
- kevent_watch(E, T, FD, EV, KEVENT_REQ_WAKEUP_ALL, P)
+ ec_watch(E, T, FD, EV, EVCHAN_LEVEL | EVCHAN_WAKE_ALL, (uintptr_t)(P))
|
- kevent_watch(E, T, FD, EV, \(KEVENT_REQ_ET | KEVENT_REQ_WAKEUP_ALL\|KEVENT_REQ_WAKEUP_ALL | KEVENT_REQ_ET\), P)
+ ec_watch(E, T, FD, EV, EVCHAN_EDGE | EVCHAN_WAKE_ALL, (uintptr_t)(P))
)

@@ expression E, T, FD, P, ID; @@
(
- kevent_unwatch(E, T, FD)
+ ec_unwatch(E, T, FD)
|
- kevent_timer(E, P, 0, ID)
+ ec_timer(E, P, CLOCK_MONOTONIC, P, P, (uintptr_t)(ID))
|
- kevent_timer(E, P, KEVENT_REQ_ONESHOT, ID)
+ ec_timer(E, P, CLOCK_MONOTONIC, P, 0, (uintptr_t)(ID))
|
- kevent_user(E, ID, P)
+ ec_user(E, ID, (uintptr_t)(P))
|
- kevent_watch_signal(E, ID, 0, P)
+ ec_watch_signal(E, ID, 0, (uintptr_t)(P))
|
- kevent_watch_signal(E, ID, KEVENT_REQ_ONESHOT, P)
+ ec_watch_signal(E, ID, EVCHAN_ONESHOT, (uintptr_t)(P))
|
- kevent_post(E, ID)
+ ec_post(E, ID, 1)
|
- kevent_remove(E, T, ID)
+ ec_remove(E, T, ID)
|
- kevent_ctl(E, KEVENT_CTL_READY, 0, NULL)
+ ec_hand_over(E)
)

@@ expression P; @@
(
- (uintptr_t)(NULL)
+ 0
|
- (uintptr_t)((void *)(uintptr_t)P)
+ P
|
- (uintptr_t)((void *)P)
+ P
)

// --- fetching events ---

@@ expression E, D, MIN, MAX; struct timespec T; @@
- kevent_get_events(E, MIN, MAX, T, D, 0)
+ ec_wait_events(E, D, MIN, MAX, &T)

@@ expression E, D, MIN, MAX; initializer list L; @@
- kevent_get_events(E, MIN, MAX, (struct timespec){ L }, D, 0)
+ ec_wait_events(E, D, MIN, MAX, &(struct timespec){ L })

// Programs that open /dev/kevent are of the takes whose timeouts are nanoseconds.
@ depends on nanoseconds @ expression E, D, MIN, MAX, NS; @@
(
- kevent_get_events(E, MIN, MAX, \(UINT64_MAX\|ULLONG_MAX\|-1\), D, 0)
+ ec_wait_events(E, D, MIN, MAX, NULL)
|
- kevent_get_events(E, MIN, MAX, 0, D, 0)
+ ec_wait_events(E, D, 0, MAX, NULL)
|
- kevent_get_events(E, MIN, MAX, NS, D, 0)
+ ec_wait_events(E, D, MIN, MAX, NS == UINT64_MAX ? NULL : &(struct timespec){ NS / 1000000000, NS % 1000000000 })
)

@@ expression E, D, MIN, MAX, MS; @@
(
- kevent_get_events(E, 1, 1, UINT_MAX, D, 0) == 1
+ !ec_wait_event(E, D)
|
- kevent_get_events(E, 1, 1, UINT_MAX, D, 0) != 1
+ ec_wait_event(E, D) < 0
|
- kevent_get_events(E, 1, 1, 0, D, 0) == 1
+ !ec_poll_event(E, D)
|
- kevent_get_events(E, MIN, MAX, \(UINT_MAX\|-1\), D, 0)
+ ec_wait_events(E, D, MIN, MAX, NULL)
|
- kevent_get_events(E, MIN, MAX, 0, D, 0)
+ ec_wait_events(E, D, 0, MAX, NULL)
|
- kevent_get_events(E, MIN, MAX, MS, D, 0)
+ ec_wait_events(E, D, MIN, MAX, &(struct timespec){ MS / 1000, MS % 1000 * 1000000 })
)

@@ expression E, D; @@
- (!ec_wait_event(E, D) ? 0 : -1)
+ ec_wait_event(E, D)

// --- loops over libkevent's ring ---

@ next @ identifier P; expression E; @@
(
- const struct ukevent *P;
+ event_data_t P;
|
- struct ukevent *P;
+ event_data_t P;
)
  <+...
- (P = kevent_next(E, -1))
+ !ec_wait_event(E, &P)
  ...+>

@@ event_data_t P; expression E; @@
(
- (!ec_wait_event(E, &P)) != NULL
+ !ec_wait_event(E, &P)
|
- !ec_wait_event(E, &P) != NULL
+ !ec_wait_event(E, &P)
)

@@ identifier next.P, M; @@
(
- P->M
+ P.M
|
- *P
+ P
)

// --- loops over the caller's own ring: its memory becomes the place that events
// are taken to, indexed as before; what was taken needs no commit ---

@@ @@
- struct kevent_ring *
+ event_data_t *

@@ event_data_t *R; expression N; @@
(
- R = malloc(sizeof(struct kevent_ring) + N * sizeof(struct ukevent))
+ R = calloc(N, sizeof(event_data_t))
|
- R = calloc(1, sizeof(struct kevent_ring) + N * sizeof(struct ukevent))
+ R = calloc(N, sizeof(event_data_t))
|
- R = malloc(sizeof(*R) + N * sizeof(struct ukevent))
+ R = calloc(N, sizeof(event_data_t))
|
- R = calloc(1, sizeof(*R) + N * sizeof(struct ukevent))
+ R = calloc(N, sizeof(event_data_t))
|
- R = malloc(sizeof(*R) + N * sizeof(*R->event))
+ R = calloc(N, sizeof(event_data_t))
|
- R = calloc(1, sizeof(*R) + N * sizeof(*R->event))
+ R = calloc(N, sizeof(event_data_t))
)

@ ring @ event_data_t *R; identifier I; @@
 R->event[I]

@@ event_data_t *ring.R; identifier ring.I; expression E, N; @@
- kevent_wait(E, N, I, NULL, 0)
+ ec_wait_events(E, R + I, 1, N - I, NULL)

@@ event_data_t *ring.R; identifier ring.I; expression E, N; struct timespec T; @@
- kevent_wait(E, N, I, T, 0)
+ ec_wait_events(E, R + I, 1, N - I, &T)

@@ event_data_t *R; expression U; @@
(
- &R->event[U]
+ &R[U]
|
- R->event[U]
+ R[U]
)

@@ event_data_t *R; expression C, E, U; @@
- if (C) kevent_commit(E, U, R->ring_over);

@@ event_data_t *R; expression E, U; @@
- kevent_commit(E, U, R->ring_over);

// --- what an event says ---

@@ identifier X; expression N; @@
(
- struct ukevent X;
+ event_data_t X;
|
- struct ukevent X[N];
+ event_data_t X[N];
)

@@ @@
- struct ukevent *
+ event_data_t *

@@ event_data_t E; @@
(
- (uintptr_t)E.ptr
+ E.data
|
- E.ptr
+ (void *)(uintptr_t)E.data
|
- (int)E.user[0]
+ (int)E.data
|
- E.user[0]
+ (uint32_t)E.data
|
- E.user[1]
+ (uint32_t)(E.data >> 32)
|
- E.event
+ E.events
|
- (int)E.id.raw[0]
+ (int)E.id
|
- E.id.raw[0]
+ (uint32_t)E.id
|
- E.id.raw[1]
+ (uint32_t)(E.id >> 32)
|
- E.id.raw_u64
+ E.id
|
- E.ret_data[1]
+ (uint32_t)E.value
)

@@ event_data_t *E; @@
(
- (uintptr_t)E->ptr
+ E->data
|
- E->ptr
+ (void *)(uintptr_t)E->data
|
- (int)E->user[0]
+ (int)E->data
|
- E->user[0]
+ (uint32_t)E->data
|
- E->user[1]
+ (uint32_t)(E->data >> 32)
|
- E->event
+ E->events
|
- (int)E->id.raw[0]
+ (int)E->id
|
- E->id.raw[0]
+ (uint32_t)E->id
|
- E->id.raw[1]
+ (uint32_t)(E->id >> 32)
|
- E->id.raw_u64
+ E->id
|
- E->ret_data[1]
+ (uint32_t)E->value
)

// Of a timer it is a time, of a poll source the events: evport says if it is not.
@ depends on hints @ event_data_t E; @@
- E.ret_data[0]
+ E.value

@ depends on hints @ event_data_t *E; @@
- E->ret_data[0]
+ E->value

@ depends on times @ event_data_t E; @@
- E.ret_data[0]
+ (uint32_t)(E.extra[0] / 1000000)

@ depends on times @ event_data_t *E; @@
- E->ret_data[0]
+ (uint32_t)(E->extra[0] / 1000000)

@ depends on posts @ event_data_t E; @@
- E.ret_data[0]
+ (uint32_t)E.extra[0]

@ depends on posts @ event_data_t *E; @@
- E->ret_data[0]
+ (uint32_t)E->extra[0]

@@ event_data_t E; @@
(
 if (
- (void *)(uintptr_t)E.data
+ E.data
 ) { ... }
|
- !(void *)(uintptr_t)E.data
+ !E.data
)

// --- values ---

@@ @@
(
- KEVENT_SOCKET
+ EVCHAN_SOCKET
|
- KEVENT_TIMER
+ EVCHAN_TIMER
|
- KEVENT_POLL
+ EVCHAN_POLL
|
- KEVENT_PIPE
+ EVCHAN_PIPE
|
- KEVENT_UNOTIFY
+ EVCHAN_USER
|
- KEVENT_PROCESS
+ EVCHAN_PROCESS
|
- KEVENT_PROCESS_EXITED
+ EVCHAN_EXITED
|
- KEVENT_PROCESS_HIDDEN
+ EVCHAN_EXIT_HIDDEN
|
- KEVENT_SIGNAL
+ EVCHAN_SIGNAL
|
- KEVENT_SIGNAL_NOMASK
+ EVCHAN_SIGNAL_NOMASK
|
- KEVENT_SIGNAL_DELIVERY
+ EVCHAN_SIGNALED
|
- KEVENT_SOCKET_RECV
+ EVCHAN_RECV
|
- KEVENT_SOCKET_ACCEPT
+ EVCHAN_ACCEPT
|
- KEVENT_SOCKET_SEND
+ EVCHAN_SEND
|
- KEVENT_TIMER_FIRED
+ EVCHAN_FIRED
|
- KEVENT_INIT_CLOEXEC
+ EVCHAN_CLOEXEC
|
- KEVENT_INIT_NONBLOCK
+ EVCHAN_NONBLOCK
|
- KEVENT_POLL_POLLIN
+ POLLIN
|
- KEVENT_POLL_POLLPRI
+ POLLPRI
|
- KEVENT_POLL_POLLOUT
+ POLLOUT
|
- KEVENT_POLL_POLLERR
+ POLLERR
|
- KEVENT_POLL_POLLHUP
+ POLLHUP
|
- KEVENT_POLL_POLLRDHUP
+ POLLRDHUP
)
