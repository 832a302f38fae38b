// SPDX-License-Identifier: GPL-2.0-only
/*
 * evrun: start a program with the preloaded library that carries out its epoll calls
 * through kevent or the event channel. If that cannot work, evrun says so in one line and
 * fails, because the dynamic linker would silently run the program without the library.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/evchan.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NR_KEVENT_INIT		560
#define NR_EVCHAN_CREATE	565

static void __attribute__((noreturn, format(printf, 2, 3)))
die(int status, const char *format, ...)
{
	va_list ap;

	fputs("evrun: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static void usage(FILE *to)
{
	fputs("usage: evrun --api=kevent|evchan|epoll [--stats[=FILE]] [--] PROGRAM [ARGUMENT...]\n",
	      to);
}

/* Find the program as the shell does. */
static void find_program(const char *name, char *path)
{
	const char *dirs = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";

	if (strchr(name, '/')) {
		if (access(name, F_OK))
			die(127, "%s: %s", name, strerror(errno));
		if (access(name, X_OK))
			die(126, "%s: %s", name, strerror(errno));
		snprintf(path, PATH_MAX, "%s", name);
		return;
	}
	while (*dirs) {
		size_t n = strcspn(dirs, ":");

		if (snprintf(path, PATH_MAX, "%.*s/%s", (int)n, dirs, name) < PATH_MAX &&
		    !access(path, X_OK))
			return;
		dirs += n + (dirs[n] == ':');
	}
	die(127, "%s: not found in PATH", name);
}

/* Replace a script by the interpreter that it names. */
static bool script(char *head, ssize_t n, char *path)
{
	char *p = head + 2;

	if (n < 3 || memcmp(head, "#!", 2))
		return false;
	head[n - 1] = 0;
	p += strspn(p, " \t");
	p[strcspn(p, " \t\n")] = 0;
	snprintf(path, PATH_MAX, "%s", p);
	return true;
}

static bool has_interpreter(int fd, const Elf64_Ehdr *e)
{
	for (int i = 0; i < e->e_phnum; i++) {
		Elf64_Phdr ph;

		if (pread(fd, &ph, sizeof(ph), (off_t)(e->e_phoff + i * e->e_phentsize)) !=
		    sizeof(ph))
			return false;
		if (ph.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* The library is built for the same ELF class as this program. */
static const unsigned char elf_class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;

static bool has_interpreter32(int fd, const Elf32_Ehdr *e)
{
	for (int i = 0; i < e->e_phnum; i++) {
		Elf32_Phdr ph;

		if (pread(fd, &ph, sizeof(ph), (off_t)e->e_phoff + i * e->e_phentsize) !=
		    sizeof(ph))
			return false;
		if (ph.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* Check that the dynamic linker will load the library into the program. */
static void check_program(const char *name, char *path)
{
	union {
		char head[256];
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} u;
	bool dynamic;
	struct stat st;
	ssize_t n;
	int fd;

	for (int depth = 0;; depth++) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st))
			die(126, "%s: %s", path, strerror(errno));
		if (S_ISDIR(st.st_mode))
			die(126, "%s: is a directory", path);
		n = read(fd, u.head, sizeof(u.head));
		if (depth >= 4 || !script(u.head, n, path))
			break;
		close(fd);
	}
	if (n < (ssize_t)sizeof(u.e32) || memcmp(u.head, ELFMAG, SELFMAG))
		die(126, "%s: neither an ELF program nor a script that names its interpreter", path);
	if (u.e64.e_ident[EI_CLASS] != elf_class)
		die(126, "%s: a %d-bit program, and the library has %d bits", path,
		    u.e64.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32, (int)sizeof(void *) * 8);
	dynamic = elf_class == ELFCLASS64 ? has_interpreter(fd, &u.e64) :
					    has_interpreter32(fd, &u.e32);
	if (!dynamic)
		die(126, "%s: linked statically, nothing can be preloaded into it; link it dynamically",
		    path);
	if ((st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
	    (st.st_mode & S_ISGID && st.st_gid != getegid()) ||
	    (geteuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0))
		die(126, "%s: set-user-ID, set-group-ID or with capabilities, where the dynamic linker preloads nothing; run it as the user it changes to",
		    path);
	close(fd);
	(void)name;
}

static void check_kernel(const char *api)
{
	struct evchan_params params = { .entries = 2 };
	long fd = 0;

	if (!strcmp(api, "kevent"))
		fd = syscall(NR_KEVENT_INIT, NULL, 0, 0);
	else if (!strcmp(api, "evchan"))
		fd = syscall(NR_EVCHAN_CREATE, &params, sizeof(params));
	else
		return;
	if (fd >= 0) {
		close((int)fd);
		return;
	}
	if (errno == ENOSYS)
		die(125, "this kernel has no %s; boot one with CONFIG_%s (make patch), "
		    "or use tools/evchan/vm -- COMMAND", api,
		    strcmp(api, "kevent") ? "EVCHAN" : "KEVENT");
	die(125, "%s: %s", api, strerror(errno));
}

/* The library is beside this program, or in the directory where it is installed. */
static void find_library(char *path)
{
	static const char *const places[] = { "evrun.so", "../lib/evrun.so" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		die(125, "/proc/self/exe: %s", strerror(errno));
	self[n] = 0;
	*strrchr(self, '/') = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (snprintf(path, PATH_MAX, "%s/%s", self, places[i]) < PATH_MAX &&
		    !access(path, R_OK))
			return;
	die(125, "evrun.so is neither in %s nor in %s/../lib", self, self);
}

int main(int argc, char **argv)
{
	char program[PATH_MAX], checked[PATH_MAX], library[PATH_MAX], *preload;
	const char *api = NULL, *stats = NULL, *old;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strncmp(argv[i], "--api=", 6)) {
			api = argv[i] + 6;
		} else if (!strcmp(argv[i], "--stats")) {
			stats = "";
		} else if (!strncmp(argv[i], "--stats=", 8)) {
			stats = argv[i] + 8;
		} else if (!strcmp(argv[i], "--help")) {
			usage(stdout);
			return 0;
		} else {
			die(2, "'%s' is no option; see --help", argv[i]);
		}
	}
	if (!api || i >= argc) {
		usage(stderr);
		return 2;
	}
	if (strcmp(api, "kevent") && strcmp(api, "evchan") && strcmp(api, "epoll"))
		die(2, "'%s' is no interface; there are kevent, evchan and epoll", api);
	find_program(argv[i], program);
	strcpy(checked, program);
	check_program(argv[i], checked);
	check_kernel(api);
	find_library(library);
	if (strpbrk(library, " :"))
		die(125, "%s: the dynamic linker takes no path with a space or colon", library);

	old = getenv("LD_PRELOAD");
	if (asprintf(&preload, "%s%s%s", library, old && *old ? ":" : "", old ?: "") < 0 ||
	    setenv("LD_PRELOAD", preload, 1) || setenv("EVRUN_API", api, 1) ||
	    (stats ? setenv("EVRUN_STATS", stats, 1) : unsetenv("EVRUN_STATS")))
		die(125, "%s", strerror(errno));
	execv(program, argv + i);
	die(errno == ENOENT ? 127 : 126, "%s: %s", program, strerror(errno));
}
