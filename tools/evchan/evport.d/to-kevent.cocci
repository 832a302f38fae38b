// SPDX-License-Identifier: GPL-2.0-only
// From the event channel to kevent. What is not fully understood stays as it is,
// and evport reports it.
virtual counts, hints, times, posts, nanoseconds

@@ typedef ec_t, event_data_t, uintptr_t, uint32_t, __u64; expression F, N; @@
- ec_create_sized(F, N)
+ kevent_init(NULL, 0, F)

@@ expression F; @@
- ec_create(F)
+ kevent_init(NULL, 0, F)

// --- the channel becomes a descriptor ---

@@ expression E, F; @@
(
- !(E = kevent_init(NULL, 0, F))
+ (E = kevent_init(NULL, 0, F)) < 0
|
- (E = kevent_init(NULL, 0, F)) == NULL
+ (E = kevent_init(NULL, 0, F)) < 0
)

@ disable neg_if @ ec_t E; @@
(
- !E
+ E < 0
|
- E == NULL
+ E < 0
|
- E != NULL
+ E >= 0
)

@@ expression E; @@
- ec_perror(E)
+ kevent_perror(E)

@@ expression E; @@
- ec_destroy(E)
+ close(E)

@@ expression E; @@
- ec_fd(E)
+ E

@@ ec_t E; @@
- E->fd
+ E

// --- watching; without EVCHAN_LEVEL or _ONESHOT the channel's default is edge ---

@@ expression E, T, FD, EV, D; @@
(
 ec_watch(E, T, FD, EV, <+... EVCHAN_LEVEL ...+>, D)
|
 ec_watch(E, T, FD, EV, <+... EVCHAN_ONESHOT ...+>, D)
|
 ec_watch(E, T, FD, EV, <+... EVCHAN_EDGE ...+>, D)
|
 ec_watch(E, T, FD, EV,
- 0
+ EVCHAN_EDGE
 , D)
|
 ec_watch(E, T, FD, EV,
- EVCHAN_WAKE_ALL
+ EVCHAN_EDGE | EVCHAN_WAKE_ALL
 , D)
)

@@ expression E, T, FD, EV, D; @@
(
- ec_watch(E, T, FD, EV, \(EVCHAN_LEVEL | EVCHAN_ONESHOT\|EVCHAN_ONESHOT | EVCHAN_LEVEL\|EVCHAN_ONESHOT | EVCHAN_EDGE\|EVCHAN_ONESHOT\), D)
+ kevent_watch(E, T, FD, EV, KEVENT_REQ_ONESHOT, (void *)(uintptr_t)(D))
|
- ec_watch(E, T, FD, EV, EVCHAN_LEVEL, D)
+ kevent_watch(E, T, FD, EV, 0, (void *)(uintptr_t)(D))
|
- ec_watch(E, T, FD, EV, EVCHAN_EDGE, D)
+ kevent_watch(E, T, FD, EV, KEVENT_REQ_ET, (void *)(uintptr_t)(D))
|
- ec_watch(E, T, FD, EV, \(EVCHAN_EDGE | EVCHAN_WAKE_ALL\|EVCHAN_WAKE_ALL | EVCHAN_EDGE\), D)
+ kevent_watch(E, T, FD, EV, KEVENT_REQ_ET | KEVENT_REQ_WAKEUP_ALL, (void *)(uintptr_t)(D))
|
- ec_watch(E, T, FD, EV, \(EVCHAN_LEVEL | EVCHAN_WAKE_ALL\|EVCHAN_WAKE_ALL | EVCHAN_LEVEL\), D)
+ kevent_watch(E, T, FD, EV, KEVENT_REQ_WAKEUP_ALL, (void *)(uintptr_t)(D))
)

@@ expression E, T, FD; @@
- ec_unwatch(E, T, FD)
+ kevent_unwatch(E, T, FD)

// --- timers: kevent names them by their period ---

// A number that is no constant may name several timers with this period.
@ named @ expression E, D; constant ID, P; @@
(
- ec_timer(E, ID, CLOCK_MONOTONIC, P, P, D)
+ kevent_timer(E, P, 0, (void *)(uintptr_t)(D))
|
- ec_timer(E, ID, CLOCK_MONOTONIC, P, 0, D)
+ kevent_timer(E, P, KEVENT_REQ_ONESHOT, (void *)(uintptr_t)(D))
)

@@ expression E; constant named.ID; constant named.P; @@
- ec_remove(E, EVCHAN_TIMER, ID)
+ kevent_remove(E, KEVENT_TIMER, P)

@@ expression E, D, P; @@
- ec_timer(E, P, CLOCK_MONOTONIC, P, P, D)
+ kevent_timer(E, P, 0, (void *)(uintptr_t)(D))

@@ expression E, P, D; @@
- ec_timer(E, P, CLOCK_MONOTONIC, P, 0, D)
+ kevent_timer(E, P, KEVENT_REQ_ONESHOT, (void *)(uintptr_t)(D))

// --- user events ---

@@ expression E, ID, D; @@
- ec_user(E, ID, D)
+ kevent_user(E, ID, (void *)(uintptr_t)(D))

@@ expression E, ID; @@
- ec_post(E, ID, 1)
+ kevent_post(E, ID)

@@ expression E, ID; @@
- ec_remove(E, EVCHAN_USER, ID)
+ kevent_remove(E, KEVENT_UNOTIFY, ID)

// --- signals: both are told of each one, so there is no level to name ---

@@ expression E, S, D; @@
(
- ec_watch_signal(E, S, 0, D)
+ kevent_watch_signal(E, S, 0, (void *)(uintptr_t)(D))
|
- ec_watch_signal(E, S, EVCHAN_ONESHOT, D)
+ kevent_watch_signal(E, S, KEVENT_REQ_ONESHOT, (void *)(uintptr_t)(D))
)

// --- processes: both say it once ---

@@ expression E, FD, D; @@
- ec_watch_process(E, FD, D)
+ kevent_watch(E, KEVENT_PROCESS, FD, KEVENT_PROCESS_EXITED, 0, (void *)(uintptr_t)(D))

@@ expression E, S; @@
- ec_remove(E, EVCHAN_SIGNAL, S)
+ kevent_remove(E, KEVENT_SIGNAL, S)

@@ expression E; @@
- ec_hand_over(E)
+ kevent_ctl(E, KEVENT_CTL_READY, 0, NULL)

// --- cookies: pointers stay pointers ---

@@ expression P; @@
(
- (void *)(uintptr_t)(\(0\|NULL\))
+ NULL
|
- (void *)(uintptr_t)((uintptr_t)P)
+ P
|
- (void *)(uintptr_t)((__u64)(uintptr_t)P)
+ P
)

// --- changes by structure ---

@ change @ identifier X; @@
- struct evchan_change
+ struct ukevent
  X = { .type = \(EVCHAN_SOCKET\|EVCHAN_POLL\|EVCHAN_PIPE\|EVCHAN_USER\|EVCHAN_SIGNAL\|EVCHAN_PROCESS\), };

@@ identifier change.X; expression V; @@
 struct ukevent X = {
- .id = V,
+ .id.raw_u64 = V,
 };

@@ identifier change.X; expression V; @@
 struct ukevent X = {
- .events = V,
+ .event = V,
 };

@@ identifier change.X; expression V; @@
 struct ukevent X = {
- .args[0] = V,
+ .id.raw[0] = V,
 };

@@ identifier change.X; expression V; @@
 struct ukevent X = {
- .args = { V },
+ .id.raw[0] = V,
 };

@@ identifier change.X; @@
 struct ukevent X = {
- .flags = EVCHAN_LEVEL,
+ .req_flags = KEVENT_REQ_ALWAYS_QUEUE,
 };

@@ identifier change.X; @@
 struct ukevent X = {
- .flags = EVCHAN_EDGE,
+ .req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE,
 };

@@ identifier change.X; @@
 struct ukevent X = {
- .flags = EVCHAN_ONESHOT,
+ .req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE,
 };

@@ identifier change.X; expression V; @@
 struct ukevent X = {
- .data = (uintptr_t)V,
+ .ptr = V,
 };

@@ identifier change.X; expression V; @@
 struct ukevent X = {
- .data = V,
+ .ptr = (void *)(uintptr_t)V,
 };

@ timer @ identifier X; expression P; @@
- struct evchan_change
+ struct ukevent
  X = {
  .type = EVCHAN_TIMER,
- .id = P,
- .args = { CLOCK_MONOTONIC, P, P },
+ .id.raw = { (P) / 1000000000, (P) % 1000000000 },
  };

@@ identifier timer.X; expression V; @@
 struct ukevent X = {
- .events = V,
+ .event = V,
 };

@@ identifier timer.X; expression V; @@
 struct ukevent X = {
- .data = (uintptr_t)V,
+ .ptr = V,
 };

@@ identifier timer.X; expression V; @@
 struct ukevent X = {
- .data = V,
+ .ptr = (void *)(uintptr_t)V,
 };

@ op @ identifier X; constant OP; @@
 struct ukevent X = {
- .op = OP,
 };

@@ identifier op.X; constant op.OP; expression E; @@
- ec_change(E, &X)
+ kevent_request(E, OP, &X)

@@ struct ukevent X; expression E, OP; @@
- (X.op = OP, ec_change(E, &X))
+ kevent_request(E, OP, &X)

@@ struct ukevent X; expression E, OP, R; @@
- X.op = OP;
  ... when != X.op = R
- ec_change(E, &X)
+ kevent_request(E, OP, &X)

// --- several changes in one call, by the function that evport adds in the other direction ---

@@ expression E, N, A; @@
(
- evport_change(E, EVCHAN_ADD, N, A)
+ kevent_ctl(E, KEVENT_CTL_ADD, N, A)
|
- evport_change(E, EVCHAN_MOD, N, A)
+ kevent_ctl(E, KEVENT_CTL_MODIFY, N, A)
|
- evport_change(E, EVCHAN_DEL, N, A)
+ kevent_ctl(E, KEVENT_CTL_REMOVE, N, A)
)

// --- changes that are no local variable with an initial value ---

@@ struct evchan_change X; expression E, OP, R; @@
- (X.op = OP, ec_change(E, &X))
+ kevent_request(E, OP, &X)

@@ struct evchan_change X; expression E, OP, R; @@
- X.op = OP;
  ... when != X.op = R
- ec_change(E, &X)
+ kevent_request(E, OP, &X)

@@ struct evchan_change X; expression V; constant C; @@
(
- X.data = (uintptr_t)V
+ X.ptr = V
|
- X.data = (uint32_t)V
+ X.user[0] = V
|
- X.data = C
+ X.user[0] = C
|
- X.data = V
+ X.ptr = (void *)(uintptr_t)(V)
|
- (uint32_t)X.data
+ X.user[0]
|
- X.data
+ (uintptr_t)X.ptr
|
- X.events
+ X.event
|
- X.args[0]
+ X.id.raw[0]
|
- X.id
+ X.id.raw_u64
|
- X.flags = EVCHAN_LEVEL
+ X.req_flags = KEVENT_REQ_ALWAYS_QUEUE
|
- X.flags = EVCHAN_EDGE
+ X.req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE
|
- X.flags = EVCHAN_ONESHOT
+ X.req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE
|
- X.result < 0
+ X.ret_flags & KEVENT_RET_BROKEN
|
- X.result
+ (int)X.ret_data[1]
)

@@ struct evchan_change *X; expression E, OP, R; @@
- (X->op = OP, ec_change(E, X))
+ kevent_request(E, OP, X)

@@ struct evchan_change *X; expression E, OP, R; @@
- X->op = OP;
  ... when != X->op = R
- ec_change(E, X)
+ kevent_request(E, OP, X)

@@ struct evchan_change *X; expression V; constant C; @@
(
- X->data = (uintptr_t)V
+ X->ptr = V
|
- X->data = (uint32_t)V
+ X->user[0] = V
|
- X->data = C
+ X->user[0] = C
|
- X->data = V
+ X->ptr = (void *)(uintptr_t)(V)
|
- (uint32_t)X->data
+ X->user[0]
|
- X->data
+ (uintptr_t)X->ptr
|
- X->events
+ X->event
|
- X->args[0]
+ X->id.raw[0]
|
- X->id
+ X->id.raw_u64
|
- X->flags = EVCHAN_LEVEL
+ X->req_flags = KEVENT_REQ_ALWAYS_QUEUE
|
- X->flags = EVCHAN_EDGE
+ X->req_flags = KEVENT_REQ_ET | KEVENT_REQ_ALWAYS_QUEUE
|
- X->flags = EVCHAN_ONESHOT
+ X->req_flags = KEVENT_REQ_ONESHOT | KEVENT_REQ_ALWAYS_QUEUE
|
- X->result < 0
+ X->ret_flags & KEVENT_RET_BROKEN
|
- X->result
+ (int)X->ret_data[1]
)

@@ @@
- struct evchan_change
+ struct ukevent

@@ expression E, X; @@
  kevent_request(E,
(
- EVCHAN_ADD
+ KEVENT_CTL_ADD
|
- EVCHAN_MOD
+ KEVENT_CTL_MODIFY
|
- EVCHAN_DEL
+ KEVENT_CTL_REMOVE
)
  , X)

// --- taking events ---

@@ expression E, D; @@
(
- !ec_wait_event(E, D)
+ kevent_get_events(E, 1, 1, UINT_MAX, D, 0) == 1
|
- ec_wait_event(E, D) == 0
+ kevent_get_events(E, 1, 1, UINT_MAX, D, 0) == 1
|
- ec_wait_event(E, D) < 0
+ kevent_get_events(E, 1, 1, UINT_MAX, D, 0) != 1
|
- ec_wait_event(E, D)
+ (kevent_get_events(E, 1, 1, UINT_MAX, D, 0) == 1 ? 0 : -1)
|
- !ec_poll_event(E, D)
+ kevent_get_events(E, 1, 1, 0, D, 0) == 1
|
- ec_poll_event(E, D)
+ (kevent_get_events(E, 1, 1, 0, D, 0) == 1 ? 0 : -1)
|
- ec_take(E, D)
+ (kevent_get_events(E, 1, 1, 0, D, 0) == 1)
)

@@ expression E, D, MIN, MAX, M; identifier TS; @@
(
- ec_wait_events(E, D, MIN, MAX, NULL)
+ kevent_get_events(E, MIN, MAX, UINT_MAX, D, 0)
|
- ec_wait_events(E, D, MIN, MAX, &(struct timespec){ M / 1000, M % 1000 * 1000000 })
+ kevent_get_events(E, MIN, MAX, M, D, 0)
|
- ec_wait_events(E, D, MIN, MAX, &TS)
+ kevent_get_events(E, MIN, MAX, TS.tv_sec * 1000 + (TS.tv_nsec + 999999) / 1000000, D, 0)
|
- ec_wait_events(E, D, MIN, MAX, TS)
+ kevent_get_events(E, MIN, MAX, TS->tv_sec * 1000 + (TS->tv_nsec + 999999) / 1000000, D, 0)
)

// --- what an event says ---

@@ event_data_t E; type T; @@
(
- (void *)(uintptr_t)E.data
+ E.ptr
|
- (T *)(uintptr_t)E.data
+ (T *)E.ptr
|
- E.data
+ (uintptr_t)E.ptr
|
- E.events
+ E.event
|
- (int)E.id
+ (int)E.id.raw[0]
|
- (uint32_t)E.id
+ E.id.raw[0]
|
- E.id
+ E.id.raw_u64
)

@@ event_data_t *E; type T; @@
(
- (void *)(uintptr_t)E->data
+ E->ptr
|
- (T *)(uintptr_t)E->data
+ (T *)E->ptr
|
- E->data
+ (uintptr_t)E->ptr
|
- E->events
+ E->event
|
- (int)E->id
+ (int)E->id.raw[0]
|
- (uint32_t)E->id
+ E->id.raw[0]
|
- E->id
+ E->id.raw_u64
)

// evport says which of these holds; with both it is for a human.
@ depends on counts @ event_data_t E; @@
- E.value
+ E.ret_data[1]

@ depends on counts @ event_data_t *E; @@
- E->value
+ E->ret_data[1]

@ depends on hints @ event_data_t E; @@
- E.value
+ E.ret_data[0]

@ depends on hints @ event_data_t *E; @@
- E->value
+ E->ret_data[0]

// --- commands that a function passes on ---

@@ identifier f !~ "^(ec|evchan)_"; @@
  f(...,
(
- EVCHAN_ADD
+ KEVENT_CTL_ADD
|
- EVCHAN_MOD
+ KEVENT_CTL_MODIFY
|
- EVCHAN_DEL
+ KEVENT_CTL_REMOVE
)
  , ...)

// --- types and values ---

@@ @@
- event_data_t
+ struct ukevent

@@ @@
- struct evchan_event
+ struct ukevent

@@ @@
- ec_t
+ int

@@ @@
(
- EVCHAN_SOCKET
+ KEVENT_SOCKET
|
- EVCHAN_TIMER
+ KEVENT_TIMER
|
- EVCHAN_POLL
+ KEVENT_POLL
|
- EVCHAN_PIPE
+ KEVENT_PIPE
|
- EVCHAN_USER
+ KEVENT_UNOTIFY
|
- EVCHAN_PROCESS
+ KEVENT_PROCESS
|
- EVCHAN_EXITED
+ KEVENT_PROCESS_EXITED
|
- EVCHAN_EXIT_HIDDEN
+ KEVENT_PROCESS_HIDDEN
|
- EVCHAN_SIGNAL
+ KEVENT_SIGNAL
|
- EVCHAN_SIGNAL_NOMASK
+ KEVENT_SIGNAL_NOMASK
|
- EVCHAN_SIGNALED
+ KEVENT_SIGNAL_DELIVERY
|
- EVCHAN_RECV
+ KEVENT_SOCKET_RECV
|
- EVCHAN_ACCEPT
+ KEVENT_SOCKET_ACCEPT
|
- EVCHAN_SEND
+ KEVENT_SOCKET_SEND
|
- EVCHAN_FIRED
+ KEVENT_TIMER_FIRED
|
- EVCHAN_CLOEXEC
+ KEVENT_INIT_CLOEXEC
|
- EVCHAN_NONBLOCK
+ KEVENT_INIT_NONBLOCK
)
