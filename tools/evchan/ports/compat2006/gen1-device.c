// SPDX-License-Identifier: MIT
/*
 * The other way to use kevent in July 2006: a device, and ioctl() on it. A child creates
 * files in a directory, and KEVENT_INODE events tell the parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kevent.h>

#define FILES 5

int main(void)
{
	char buf[sizeof(struct kevent_user_control) + 10 * sizeof(struct ukevent)];
	struct kevent_user_control *ctl = (struct kevent_user_control *)buf;
	struct ukevent *uk = (struct ukevent *)(buf + sizeof(*ctl));
	char dir[] = "/tmp/gen1-device.XXXXXX", path[64];
	int fd, dfd, p[2], i, n, created = 0, removed = 0;
	pid_t pid;

	fd = open("/dev/kevent", O_RDWR);
	if (fd < 0) {
		perror("/dev/kevent");
		return 1;
	}
	if (!mkdtemp(dir))
		return 1;
	dfd = open(dir, O_RDONLY);
	memset(buf, 0, sizeof(buf));
	ctl->cmd = KEVENT_CTL_ADD;
	ctl->num = 1;
	uk->type = KEVENT_INODE;
	uk->event = KEVENT_INODE_CREATE | KEVENT_INODE_REMOVE;
	uk->id.raw[0] = dfd;
	n = ioctl(fd, KEVENT_USER_CTL, buf);
	printf("added: %d\n", n);
	/* An ioctl() of another file works as before. */
	if (pipe(p) || write(p[1], "abc", 3) != 3)
		return 1;
	n = ioctl(p[0], FIONREAD, &i);
	printf("another ioctl(): %d, %d bytes\n", n, i);
	pid = fork();
	if (!pid) {
		for (i = 0; i < FILES; i++) {
			snprintf(path, sizeof(path), "%s/%d", dir, i);
			close(open(path, O_CREAT | O_WRONLY, 0640));
			unlink(path);
		}
		_exit(0);
	}
	while (created + removed < 2 * FILES) {
		memset(ctl, 0, sizeof(*ctl));
		ctl->num = 1;
		ctl->timeout = 5000;
		n = ioctl(fd, KEVENT_USER_WAIT, buf);
		if (n != 1 || ctl->num != 1) {
			printf("nothing came\n");
			return 1;
		}
		if (uk->event & KEVENT_INODE_CREATE)
			created++;
		if (uk->event & KEVENT_INODE_REMOVE)
			removed++;
	}
	waitpid(pid, NULL, 0);
	printf("created %d, removed %d\n", created, removed);
	rmdir(dir);
	close(fd);
	return 0;
}
