/* SPDX-License-Identifier: GPL-2.0-only */
/* The harness of kselftest, with a time limit for each test that a busy machine keeps. */
#ifndef SELFTESTS_HARNESS_H
#define SELFTESTS_HARNESS_H

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	90	/* seconds */

#endif
