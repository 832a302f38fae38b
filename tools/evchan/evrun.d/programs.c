// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the C library that start another program. It may inherit a set, so from then
 * on the face must not keep anything back, see expose(). fork() is not among them, because it
 * calls the handlers that calls.c has registered.
 *
 * A child of vfork() calls these too, in the memory of its parent, whose sets are then meant.
 */
#include <dlfcn.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload.h"

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	REAL(int, "execve", const char *, char *const [], char *const []);
	expose_all();
	return next(path, argv, envp);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	REAL(int, "fexecve", int, char *const [], char *const []);
	expose_all();
	return next(fd, argv, envp);
}

EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	REAL(int, "execveat", int, const char *, char *const [], char *const [], int);
	expose_all();
	return next(dir, path, argv, envp, flags);
}

EXPORT int execv(const char *path, char *const argv[])
{
	REAL(int, "execv", const char *, char *const []);
	expose_all();
	return next(path, argv);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	REAL(int, "execvp", const char *, char *const []);
	expose_all();
	return next(file, argv);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	REAL(int, "execvpe", const char *, char *const [], char *const []);
	expose_all();
	return next(file, argv, envp);
}

/* Number of arguments, without the NULL at the end. */
static size_t length(const char *arg, va_list ap)
{
	size_t n = 0;

	for (; arg; n++)
		arg = va_arg(ap, const char *);
	return n;
}

/* Declare @argv, with the arguments from @arg on; @ap is then behind the NULL at the end. */
#define COLLECT(arg, ap) \
	size_t n; \
	va_start(ap, arg); \
	n = length(arg, ap); \
	va_end(ap); \
	char *argv[n + 1]; \
	va_start(ap, arg); \
	argv[0] = (char *)arg; \
	for (size_t i = 1; i <= n; i++) \
		argv[i] = va_arg(ap, char *)

EXPORT int execl(const char *path, const char *arg, ...)
{
	va_list ap;

	COLLECT(arg, ap);
	va_end(ap);
	return execv(path, argv);
}

EXPORT int execlp(const char *file, const char *arg, ...)
{
	va_list ap;

	COLLECT(arg, ap);
	va_end(ap);
	return execvp(file, argv);
}

EXPORT int execle(const char *path, const char *arg, ...)
{
	char *const *envp;
	va_list ap;

	COLLECT(arg, ap);
	envp = va_arg(ap, char *const *);
	va_end(ap);
	return execve(path, argv, envp);
}

/* A set that another thread makes during the call may be inherited too. */
#define AND_EXPOSE(type, call) \
	expose_all(); \
	type ret = call; \
	expose_all(); \
	return ret

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	REAL(int, "posix_spawn", pid_t *, const char *, const posix_spawn_file_actions_t *,
	     const posix_spawnattr_t *, char *const [], char *const []);
	AND_EXPOSE(int, next(pid, path, actions, attr, argv, envp));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	REAL(int, "posix_spawnp", pid_t *, const char *, const posix_spawn_file_actions_t *,
	     const posix_spawnattr_t *, char *const [], char *const []);
	AND_EXPOSE(int, next(pid, file, actions, attr, argv, envp));
}

EXPORT int system(const char *command)
{
	REAL(int, "system", const char *);
	AND_EXPOSE(int, next(command));
}

EXPORT FILE *popen(const char *command, const char *mode)
{
	REAL(FILE *, "popen", const char *, const char *);
	AND_EXPOSE(FILE *, next(command, mode));
}
