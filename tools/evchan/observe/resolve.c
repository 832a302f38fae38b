// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a descriptor of another process is, for people: the addresses of a socket, the process
 * of a pidfd, a path.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evstat.h"

struct socket_name {
	unsigned long inode;
	char text[144];
};

/*
 * The sockets of the network namespace @namespace, and of the user who may read them. They
 * are read again for each snapshot.
 */
static struct socket_name *sockets;
static unsigned int nr_sockets;
static char namespace[64];

void forget_sockets(void)
{
	free(sockets);
	sockets = NULL;
	nr_sockets = 0;
	*namespace = 0;
}

static void add_socket(unsigned long inode, const char *text)
{
	sockets = more(sockets, nr_sockets, sizeof(*sockets));
	sockets[nr_sockets].inode = inode;
	snprintf(sockets[nr_sockets++].text, sizeof(sockets->text), "%s", text);
}

/* The kernel prints each 32 bits of an address as a number in its own byte order. */
static bool put_address(char *to, size_t size, const char *hex, unsigned int port)
{
	uint32_t words[4] = { 0 };
	size_t n = strlen(hex) / 8;
	char text[INET6_ADDRSTRLEN];

	if (n != 1 && n != 4)
		return false;
	for (size_t i = 0; i < n; i++) {
		char part[9];

		snprintf(part, sizeof(part), "%.8s", hex + 8 * i);
		words[i] = (uint32_t)strtoul(part, NULL, 16);
	}
	if (!inet_ntop(n == 1 ? AF_INET : AF_INET6, words, text, sizeof(text)))
		return false;
	snprintf(to, size, n == 1 ? "%s:%u" : "[%s]:%u", text, port);
	return true;
}

/* Read /proc/PID/net/@table, one of tcp, tcp6, udp, udp6. */
static void read_inet(const char *proc, pid_t pid, const char *table)
{
	char path[256], line[512], local[40], remote[40], from[64], to[64], text[144];
	unsigned int local_port, remote_port;
	unsigned long inode;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d/net/%s", proc, (int)pid, table);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*u: %39[0-9A-F]:%x %39[0-9A-F]:%x %*x %*s %*s %*s %*u %*u %lu",
			   local, &local_port, remote, &remote_port, &inode) != 5 ||
		    !put_address(from, sizeof(from), local, local_port) ||
		    !put_address(to, sizeof(to), remote, remote_port))
			continue;
		snprintf(text, sizeof(text), remote_port ? "%s->%s" : "%s", from, to);
		add_socket(inode, text);
	}
	fclose(f);
}

static void read_unix(const char *proc, pid_t pid)
{
	char path[256], line[512], name[112], text[144];
	unsigned long inode;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d/net/unix", proc, (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		*name = 0;
		if (sscanf(line, "%*x: %*x %*x %*x %*x %*x %lu %111[^\n]", &inode, name) < 1)
			continue;
		snprintf(text, sizeof(text), *name ? "unix %s" : "unix", name);
		add_socket(inode, text);
	}
	fclose(f);
}

static int compare(const void *a, const void *b)
{
	const struct socket_name *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static void read_sockets(const char *proc, pid_t pid)
{
	static const char *const tables[] = { "tcp", "tcp6", "udp", "udp6" };
	char path[256], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/ns/net", proc, (int)pid);
	n = readlink(path, name, sizeof(name) - 1);
	/* If it cannot be read, each process is taken to have a namespace of its own. */
	if (n < 0)
		n = snprintf(name, sizeof(name), "%d", (int)pid);
	name[n] = 0;
	if (!strcmp(name, namespace))
		return;
	forget_sockets();
	strcpy(namespace, name);
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		read_inet(proc, pid, tables[i]);
	read_unix(proc, pid);
	if (nr_sockets)
		qsort(sockets, nr_sockets, sizeof(*sockets), compare);
}

static void resolve_socket(const char *proc, pid_t pid, unsigned long inode, char *text,
			   size_t size)
{
	struct socket_name key = { .inode = inode }, *found = NULL;

	read_sockets(proc, pid);
	if (nr_sockets)
		found = bsearch(&key, sockets, nr_sockets, sizeof(key), compare);
	if (found)
		snprintf(text, size, "socket:[%s]", found->text);
	else
		snprintf(text, size, "socket:[%lu]", inode);
}

/* The process of a pidfd is in its fdinfo. */
static void resolve_pidfd(const char *proc, pid_t pid, int fd, char *text, size_t size)
{
	char path[256], line[128];
	int of = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d/fdinfo/%d", proc, (int)pid, fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &of) == 1)
			break;
	if (f)
		fclose(f);
	if (of > 0)
		snprintf(text, size, "pidfd of process %d", of);
	else
		snprintf(text, size, of ? "pidfd of a process that ended" : "pidfd");
}

void resolve_fd(const char *proc, pid_t pid, int fd, char *text, size_t size)
{
	char path[256], link[192];
	unsigned long inode;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/fd/%d", proc, (int)pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0) {
		/* The source stays as long as another descriptor keeps the file open. */
		snprintf(text, size, "closed here");
		return;
	}
	link[n] = 0;
	if (sscanf(link, "socket:[%lu]", &inode) == 1)
		resolve_socket(proc, pid, inode, text, size);
	else if (!strncmp(link, "pipe:", 5))
		snprintf(text, size, "pipe");
	else if (!strcmp(link, "anon_inode:[pidfd]") || !strncmp(link, "pidfd:", 6))
		resolve_pidfd(proc, pid, fd, text, size);
	else if (!strncmp(link, "anon_inode:[", 12) && n > 13)
		snprintf(text, size, "%.*s", (int)n - 13, link + 12);
	else
		snprintf(text, size, "%s", link);
	for (char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
}

void put_duration(char *text, size_t size, uint64_t ns)
{
	static const struct { uint64_t ns; const char *unit; } units[] = {
		{ 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" },
	};
	int i = 0;

	while (i < 3 && ns < units[i].ns)
		i++;
	snprintf(text, size, "%.6g %s", (double)ns / (double)units[i].ns, units[i].unit);
}
