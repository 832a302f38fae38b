/* SPDX-License-Identifier: GPL-2.0-only */
/* How much the host's senders have in flight before they wait for an answer. */
#ifndef WINDOWS_H
#define WINDOWS_H

#define UDP_WINDOW	16	/* datagrams, to each socket */
#define SERIAL_WINDOW	64	/* lines; less than a tty buffers */

#endif
