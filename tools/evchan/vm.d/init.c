// SPDX-License-Identifier: GPL-2.0-only
/*
 * First program of the guest. It makes a root file system from the host's, or from one that is made
 * for another machine (read-only over 9p), and a tmpfs on top of it, and runs one command there. The command's output goes to
 * virtio ports, and its status to another one. Then the machine is powered off. The program
 * is statically linked and the only file of the initramfs.
 *
 * The command comes in the file cmd of the 9p share cmd, as NUL-terminated strings: the
 * working directory, "1" if there is standard input, the size of the terminal ("ROWS COLUMNS",
 * or nothing), the number of environment entries, these entries, and the arguments.
 *
 * The host can send lines to the port of the status while the command runs: "size ROWS
 * COLUMNS", when the terminal's size has changed; and "tasks", when the command has taken too
 * long. Then the kernel's log gets the stacks of all tasks and processors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int console_fd;	/* the kernel's log */

/* What the host wants to be run. */
struct command {
	char *dir, *size, *env, **argv;
	int input, nr_env;
};

static void die(const char *what)
{
	fprintf(stderr, "vm-init: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

/* The options without which something fails, or NULL. */
static const char *option_for(const char *type, int error)
{
	static const struct {
		const char *type, *option;
	} options[] = {
		{ "9p", "CONFIG_9P_FS" },
		{ "overlay", "CONFIG_OVERLAY_FS" },
		{ "tmpfs", "CONFIG_TMPFS" },
		{ "proc", "CONFIG_PROC_FS" },
		{ "sysfs", "CONFIG_SYSFS" },
		{ "devtmpfs", "CONFIG_DEVTMPFS" },
		{ "devpts", "CONFIG_UNIX98_PTYS" },
	};

	/* There is 9p, but no device. */
	if (error != ENODEV)
		return strcmp(type, "9p") ? NULL : "CONFIG_NET_9P_VIRTIO or CONFIG_VIRTIO_PCI";
	for (unsigned int i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].type, type))
			return options[i].option;
	return NULL;
}

/* The host looks for this message. */
static void die_for(const char *what, const char *option)
{
	if (!option)
		die(what);
	fprintf(stderr, "vm-init: %s: %s; the kernel lacks %s\n", what, strerror(errno), option);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void must_mount(const char *src, const char *dir, const char *type,
		       unsigned long flags, const char *data)
{
	mkdir(dir, 0755);
	if (mount(src, dir, type, flags, data))
		die_for(dir, option_for(type, errno));
}

/* Read a file, and add a NUL character to it. */
static char *read_file(const char *path, size_t *len)
{
	size_t room = 1 << 16;
	char *buf = malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t n;

	*len = 0;
	if (fd < 0 || !buf)
		die(path);
	while ((n = read(fd, buf + *len, room - *len - 1)) > 0) {
		*len += n;
		if (*len + 1 == room)
			buf = realloc(buf, room *= 2);
		if (!buf)
			die(path);
	}
	close(fd);
	buf[*len] = 0;
	return buf;
}

/* Mount a share of the host at the path that is in a file of the share cmd. */
static void mount_share(const char *tag, const char *file, unsigned long flags)
{
	char *where, dir[4096];
	size_t len;

	where = read_file(file, &len);
	snprintf(dir, sizeof(dir), "/root%s", where);
	for (char *p = dir + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		mkdir(dir, 0755);
	}
	must_mount(tag, dir, "9p", flags, "trans=virtio,version=9p2000.L,msize=512000");
	free(where);
}

static void symlink_or_die(const char *target, const char *name)
{
	if (symlink(target, name))
		die(name);
}

static void address(int s, struct ifreq *ifr, unsigned long op, const char *text)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ifr->ifr_addr;

	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	inet_pton(AF_INET, text, &in->sin_addr);
	ioctl(s, op, ifr);
}

/* Configure lo, and eth0 if there is one, for QEMU's user network. */
static void network(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = { .ifr_name = "lo" };

	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	ioctl(s, SIOCSIFFLAGS, &ifr);
	strcpy(ifr.ifr_name, "eth0");
	if (!ioctl(s, SIOCGIFINDEX, &ifr)) {
		struct rtentry rt = { .rt_flags = RTF_UP | RTF_GATEWAY };
		struct sockaddr_in *gw = (struct sockaddr_in *)&rt.rt_gateway;

		address(s, &ifr, SIOCSIFADDR, "10.0.2.15");
		address(s, &ifr, SIOCSIFNETMASK, "255.255.255.0");
		ifr.ifr_flags = IFF_UP | IFF_RUNNING;
		ioctl(s, SIOCSIFFLAGS, &ifr);
		gw->sin_family = AF_INET;
		inet_pton(AF_INET, "10.0.2.2", &gw->sin_addr);
		rt.rt_dst.sa_family = AF_INET;
		rt.rt_genmask.sa_family = AF_INET;
		ioctl(s, SIOCADDRT, &rt);
	}
	close(s);
}

/* Open a virtio port. It appears when the driver has set it up, so wait up to 10 s. */
static int open_port(const char *pattern, int flags)
{
	glob_t found;
	int fd = -1;

	for (int i = 0; i < 1000 && fd < 0; i++) {
		if (!glob(pattern, 0, NULL, &found)) {
			fd = open(found.gl_pathv[0], flags | O_CLOEXEC);
			globfree(&found);
		} else {
			usleep(10000);
		}
	}
	return fd;
}

static char *next_string(char **p)
{
	char *string = *p;

	*p += strlen(string) + 1;
	return string;
}

/* Cut the file that the host wrote into its strings. */
static void parse_command(struct command *c, char *text, size_t len)
{
	char *end = text + len, *p = text;
	int argc = 0;

	c->dir = next_string(&p);
	c->input = atoi(next_string(&p));
	c->size = next_string(&p);
	c->nr_env = atoi(next_string(&p));
	c->env = p;
	for (int i = 0; i < c->nr_env; i++)
		next_string(&p);
	for (char *q = p; q < end; argc++)
		next_string(&q);
	c->argv = calloc(argc + 1, sizeof(*c->argv));
	if (!c->argv)
		die("arguments");
	for (argc = 0; p < end; argc++)
		c->argv[argc] = next_string(&p);
}

/*
 * Copy standard input from its virtio port to a pipe, which the command gets: unlike the port,
 * a pipe can be opened again as /dev/stdin, and breaks when the command closes it.
 */
static int input_pipe(void)
{
	int port = open_port("/dev/vport*p4", O_RDONLY), ends[2];
	char buf[65536];
	ssize_t n;

	if (port < 0 || pipe2(ends, O_CLOEXEC))
		die("standard input");
	if (fork()) {
		close(port);
		close(ends[1]);
		return ends[0];
	}
	close(ends[0]);
	signal(SIGPIPE, SIG_DFL);
	while ((n = read(port, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(ends[1], buf + done, n - done);
			if (w < 0)
				_exit(1);
		}
	_exit(0);
}

/* "ROWS COLUMNS" */
static void set_size(int tty, const char *text)
{
	struct winsize size = { 0 };

	if (sscanf(text, "%hu %hu", &size.ws_row, &size.ws_col) == 2)
		ioctl(tty, TIOCSWINSZ, &size);
}

static void run(struct command *c, int in, int out, int err)
{
	sigset_t none;
	char *p = c->env;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	clearenv();
	for (int i = 0; i < c->nr_env; i++)
		putenv(next_string(&p));
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	close_range(3, ~0U, 0);
	setsid();
	ioctl(0, TIOCSCTTY, 0);
	if (chdir(c->dir) && chdir("/"))
		_exit(126);
	execvp(c->argv[0], c->argv);
	dprintf(2, "vm: %s: %s\n", c->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void on_child(int sig)
{
	(void)sig;
}

/*
 * Print the stacks of all processors, of all blocked tasks and of all tasks, with a log level
 * that shows the lines with the tasks' names.
 */
static void report_tasks(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	for (const char *key = "7lwt"; *key; key++)
		if (write(fd, key, 1) != 1)
			fprintf(stderr, "vm-init: /proc/sysrq-trigger: %s\n", strerror(errno));
	fprintf(stderr, "vm-init: end of tasks\n");
	close(fd);
}

/* Do what the host says in lines on the port. Returns false when it says no more. */
static bool obey(int port, int tty)
{
	static char line[64];
	static size_t len;
	char *end;
	ssize_t n;

	n = read(port, line + len, sizeof(line) - 1 - len);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	len += n;
	line[len] = 0;
	while ((end = strchr(line, '\n'))) {
		*end = 0;
		if (!strncmp(line, "size ", 5) && tty >= 0)
			set_size(tty, line + 5);
		else if (!strcmp(line, "tasks"))
			report_tasks();
		len -= end + 1 - line;
		memmove(line, end + 1, len + 1);
	}
	if (len == sizeof(line) - 1)
		len = 0;
	return true;
}

/* Wait for the end of the command, and return its status. SIGCHLD is blocked. */
static int await(pid_t pid, int port, int tty, const sigset_t *unblocked)
{
	struct pollfd p = { .fd = port, .events = POLLIN };
	pid_t w;
	int st;

	for (;;) {
		while ((w = waitpid(-1, &st, WNOHANG)) > 0)
			if (w == pid)
				return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
		if (ppoll(&p, 1, NULL, unblocked) == 1 && !obey(port, tty))
			p.fd = -1;
	}
}

/*
 * Print memory that the command leaked in the kernel to the kernel's log. kmemleak reports
 * only blocks that are some seconds old, so scan a second time.
 */
static void report_leaks(void)
{
	static const char leaks[] = "/sys/kernel/debug/kmemleak";
	char buf[65536];
	ssize_t n;
	int fd;

	for (int i = 0; i < 2; i++) {
		fd = open(leaks, O_WRONLY);
		if (fd < 0 || write(fd, "scan", 4) != 4)
			die(leaks);
		close(fd);
		if (!i)
			sleep(6);
	}
	fd = open(leaks, O_RDONLY);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(console_fd, buf, n) != n)
			break;
}

/* Turn KCSAN on, if it is built in. The boot is not tested, so it was off until now. */
static void races_on(void)
{
	int fd = open("/root/sys/kernel/debug/kcsan", O_WRONLY);

	if (fd >= 0 && write(fd, "on", 2) != 2)
		fprintf(stderr, "vm-init: KCSAN cannot be turned on\n");
	close(fd);
}

static void mount_all(void)
{
	must_mount("root", "/lower", "9p", MS_RDONLY,
		   "trans=virtio,version=9p2000.L,msize=512000,cache=loose");
	must_mount("tmpfs", "/upper", "tmpfs", 0, "mode=755,size=75%");
	mkdir("/upper/data", 0755);
	mkdir("/upper/work", 0755);
	must_mount("overlay", "/root", "overlay", 0,
		   "lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work,metacopy=off");
	must_mount("proc", "/root/proc", "proc", 0, NULL);
	must_mount("sys", "/root/sys", "sysfs", 0, NULL);
	must_mount("dev", "/root/dev", "devtmpfs", 0, NULL);
	symlink_or_die("/proc/self/fd", "/root/dev/fd");
	symlink_or_die("/proc/self/fd/0", "/root/dev/stdin");
	symlink_or_die("/proc/self/fd/1", "/root/dev/stdout");
	symlink_or_die("/proc/self/fd/2", "/root/dev/stderr");
	must_mount("pts", "/root/dev/pts", "devpts", 0, "mode=620,ptmxmode=666");
	must_mount("shm", "/root/dev/shm", "tmpfs", 0, "mode=1777");
	mkdir("/root/dev/mqueue", 0755);
	mount("mqueue", "/root/dev/mqueue", "mqueue", 0, NULL);
	/* Do not mount /tmp: the project may be there. Writes go to the overlay in memory. */
	must_mount("run", "/root/run", "tmpfs", 0, "mode=755");
	mount("tracefs", "/root/sys/kernel/tracing", "tracefs", 0, NULL);
	mount("debugfs", "/root/sys/kernel/debug", "debugfs", 0, NULL);
	races_on();
	mount("cgroup2", "/root/sys/fs/cgroup", "cgroup2", 0, NULL);
	must_mount("cmd", "/cmd", "9p", MS_RDONLY,
		   "trans=virtio,version=9p2000.L,msize=512000");
}

/* Become the parent of the command, with its status as the result. */
static int run_command(struct command *c, int port, int tty)
{
	int in, out, err;
	sigset_t child, before;
	pid_t pid;

	if (tty >= 0) {
		in = out = err = tty;
		set_size(tty, c->size);
	} else {
		out = open_port("/dev/vport*p1", O_WRONLY);
		err = open_port("/dev/vport*p2", O_WRONLY);
		in = c->input ? input_pipe() : open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	if (out < 0 || err < 0)
		die_for("virtio ports", "CONFIG_VIRTIO_CONSOLE");
	signal(SIGCHLD, on_child);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	pid = fork();
	if (!pid)
		run(c, in, out, err);
	if (tty < 0)
		close(in);
	return await(pid, port, tty, &before);
}

int main(void)
{
	int status, port, console, tty = -1;
	struct command c;
	size_t len;
	char *cmd;

	mkdir("/dev", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	console = open("/dev/console", O_RDWR);
	if (console >= 0) {
		dup2(console, 0);
		dup2(console, 1);
		dup2(console, 2);
		console_fd = 2;
	}
	if (getenv("vm_probe")) {
		fprintf(stderr, "vm-init: alive\n");
		reboot(RB_POWER_OFF);
	}
	mount_all();
	cmd = read_file("/cmd/cmd", &len);
	parse_command(&c, cmd, len);
	/* What is built here, if the root is not the host's, and the shared directory. */
	if (!access("/cmd/out", F_OK))
		mount_share("out", "/cmd/out", MS_RDONLY);
	mount_share("share", "/cmd/where", 0);
	network();
	sethostname("guest", 5);
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		die("new root");
	port = open_port("/dev/vport*p3", O_RDWR);
	if (getenv("vm_tty")) {
		tty = open_port("/dev/hvc0", O_RDWR);
		if (tty < 0)
			die_for("/dev/hvc0", "CONFIG_VIRTIO_CONSOLE");
	}
	/*
	 * Write an empty line to tell the host that the boot is over. The status follows later.
	 * The write waits until the host has connected the port. The ports of the output and of
	 * standard input, which come before it, are connected by then: a read of the latter
	 * returns 0 only at the end of the input.
	 */
	if (port < 0 || write(port, "\n", 1) != 1)
		die_for("virtio ports", "CONFIG_VIRTIO_CONSOLE");
	status = run_command(&c, port, tty);
	kill(-1, SIGKILL);
	if (getenv("vm_leaks"))
		report_leaks();
	dprintf(port, "%d\n", status);
	close(port);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
