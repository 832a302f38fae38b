// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * libevchan-ffi: libevchan with the inline functions of evchan.h as ordinary functions, for
 * languages that call C functions and do not compile C headers. evchan-ffi.map lists what
 * it exports.
 */
#define EC_INLINE
#include "evchan.h"
