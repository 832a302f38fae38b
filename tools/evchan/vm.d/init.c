// SPDX-License-Identifier: GPL-2.0-only
/*
 * First program of the guest. It makes a root file system from the host's (read-only over
 * 9p) and a tmpfs on top of it, and runs one command there. The command's output goes to
 * virtio ports, and its status to another one. Then the machine is powered off. The program
 * is statically linked and the only file of the initramfs.
 *
 * The command comes in the file cmd of the 9p share cmd, as NUL-terminated strings: the
 * working directory, the number of environment entries, these entries, and the arguments.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <signal.h>
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

static void die(const char *what)
{
	fprintf(stderr, "vm-init: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void must_mount(const char *src, const char *dir, const char *type,
		       unsigned long flags, const char *data)
{
	mkdir(dir, 0755);
	if (mount(src, dir, type, flags, data))
		die(dir);
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
			fd = open(found.gl_pathv[0], flags);
			globfree(&found);
		} else {
			usleep(10000);
		}
	}
	return fd;
}

static char *read_file(const char *path, size_t *len)
{
	char *buf = malloc(1 << 20);
	int fd = open(path, O_RDONLY);
	ssize_t n;

	*len = 0;
	if (fd < 0 || !buf)
		die(path);
	while ((n = read(fd, buf + *len, (1 << 20) - *len)) > 0)
		*len += n;
	close(fd);
	return buf;
}

static void run(char *cmd, size_t len, int out, int err, int in)
{
	char *argv[4096], *end = cmd + len, *p = cmd, *dir = cmd;
	int argc = 0, env;

	p += strlen(p) + 1;
	env = atoi(p);
	p += strlen(p) + 1;
	for (; env > 0; env--, p += strlen(p) + 1)
		putenv(p);
	for (; p < end && argc < 4095; p += strlen(p) + 1)
		argv[argc++] = p;
	argv[argc] = NULL;
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	setsid();
	ioctl(0, TIOCSCTTY, 0);
	if (chdir(dir) && chdir("/"))
		_exit(126);
	execvp(argv[0], argv);
	dprintf(2, "vm: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
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

int main(void)
{
	int status = 0, out, err, port, console, st;
	const char *tty = getenv("vm_tty");
	char *cmd, *where, dir[4096];
	size_t len, n;
	pid_t pid, w;

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
	cmd = read_file("/cmd/cmd", &len);
	/* Mount the shared directory at the path that it has on the host. */
	where = read_file("/cmd/where", &n);
	where[n] = 0;
	snprintf(dir, sizeof(dir), "/root%s", where);
	must_mount("share", dir, "9p", 0, "trans=virtio,version=9p2000.L,msize=512000");
	network();
	sethostname("guest", 5);
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		die("new root");
	port = open_port("/dev/vport*p3", O_WRONLY);
	if (tty) {
		out = err = open_port("/dev/hvc0", O_RDWR);
	} else {
		out = open_port("/dev/vport*p1", O_WRONLY);
		err = open_port("/dev/vport*p2", O_WRONLY);
	}
	if (port < 0 || out < 0 || err < 0)
		die("virtio ports");
	/* Write an empty line to tell the host that the boot is over. The status follows later. */
	if (write(port, "\n", 1) != 1)
		die("virtio ports");
	signal(SIGPIPE, SIG_DFL);
	pid = fork();
	if (!pid)
		run(cmd, len, out, err, tty ? out : open("/dev/null", O_RDONLY));
	while ((w = wait(&st)) > 0 || errno == EINTR) {
		if (w == pid) {
			status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
			break;
		}
	}
	kill(-1, SIGKILL);
	if (getenv("vm_leaks"))
		report_leaks();
	dprintf(port, "%d\n", status);
	close(port);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
