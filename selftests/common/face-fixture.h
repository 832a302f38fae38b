/* SPDX-License-Identifier: GPL-2.0-only */
/* The fixture of tests that run through every face: self is a struct face, open. */
#ifndef SELFTESTS_FACE_FIXTURE_H
#define SELFTESTS_FACE_FIXTURE_H

#include "face.h"
#include "harness.h"

/* The harness calls the type of a fixture's data _test_data_NAME; this makes it struct face. */
#define _test_data_face face

FIXTURE(face);

FIXTURE_VARIANT(face)
{
	enum face_kind kind;
};

FIXTURE_VARIANT_ADD(face, evchan) { EVCHAN };
FIXTURE_VARIANT_ADD(face, kevent) { KEVENT };
FIXTURE_VARIANT_ADD(face, kevent_ring) { KEVENT_RING };
FIXTURE_VARIANT_ADD(face, kevent_own_ring) { KEVENT_OWN_RING };

FIXTURE_SETUP(face)
{
	self->kind = variant->kind;
	ASSERT_EQ(face_open(self), 0);
}

FIXTURE_TEARDOWN(face)
{
	face_close(self);
}

#endif
