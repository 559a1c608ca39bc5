/* Lets the disk fail beneath a process: loaded before the C library, it counts what is done to files below one folder,
   and at one of these operations fails, kills the process, or keeps a record of all of them.

   Of files that are opened for writing: open, write, ftruncate, fsync; of folders fsync; rename, link, unlink, mkdir,
   rmdir. See faults.py. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTHING, FULL, ERROR_ONCE, ERROR_FROM_NOW_ON, KILL_BEFORE, KILL_WITHIN, RECORD };
enum { WITHIN = -1 };

static int kind, record;
static long at, count;
static char root[4096];
static char open_paths[1024][4096]; /* by descriptor, "" for one that is not watched */

void faults_begin(const char *folder, int what, long number, int record_descriptor) {
    snprintf(root, sizeof root, "%s", folder);
    kind = what;
    at = number;
    record = record_descriptor;
    count = 0;
}

long faults_counted(void) { return count; }

#define REAL(result, name, ...)                                    \
    static result (*real_##name)(__VA_ARGS__);                     \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

static int is_watched(const char *path) {
    size_t length = strlen(root);
    return kind != NOTHING && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int is_open(int descriptor) { return descriptor >= 0 && descriptor < 1024 && open_paths[descriptor][0]; }

static void die(void) {
    kill(getpid(), SIGKILL);
    pause();
}

static void write_record(char operation, const char *path, const void *data, uint64_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    uint32_t length = strlen(path);
    real_write(record, &operation, 1);
    real_write(record, &length, sizeof length);
    real_write(record, &size, sizeof size);
    real_write(record, path, length);
    real_write(record, data, size);
}

/* What becomes of the next operation: 0, an error's number, or WITHIN. */
static int fate(char operation, int needs_space, const char *path, const void *data, size_t size) {
    count++;
    if (kind == RECORD) write_record(operation, path, data, size);
    switch (kind) {
    case FULL: return count == at || (count > at && needs_space) ? ENOSPC : 0;
    case ERROR_ONCE: return count == at ? EIO : 0;
    case ERROR_FROM_NOW_ON: return count >= at ? EIO : 0;
    case KILL_BEFORE:
        if (count == at) die();
        return 0;
    case KILL_WITHIN: return count == at ? WITHIN : 0;
    default: return 0;
    }
}

#define DO(call, operation, needs_space, path, data, size)                      \
    int error = fate(operation, needs_space, path, data, size);                 \
    if (error > 0) {                                                            \
        errno = error;                                                          \
        return -1;                                                              \
    }                                                                           \
    int result = call;                                                          \
    if (error == WITHIN) die();                                                 \
    return result

static int opened(const char *path, int flags, mode_t mode) {
    REAL(int, open64, const char *, int, ...);
    if (!is_watched(path)) return real_open64(path, flags, mode);
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    int error = 0;
    if (writes) {
        int is_new = access(path, F_OK) != 0;
        error = fate('o', is_new, path, flags & O_TRUNC ? "t" : "", flags & O_TRUNC ? 1 : 0);
        if (error > 0) {
            errno = error;
            return -1;
        }
    }
    int descriptor = real_open64(path, flags, mode);
    if (error == WITHIN) die();
    if (descriptor >= 0 && descriptor < 1024)
        snprintf(open_paths[descriptor], sizeof open_paths[descriptor], "%s", path);
    return descriptor;
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;         \
        va_end(rest);                                                     \
        return opened(path, flags, mode);                                 \
    }
OPEN(open)
OPEN(open64)

int close(int descriptor) {
    REAL(int, close, int);
    if (is_open(descriptor)) open_paths[descriptor][0] = 0;
    return real_close(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (!is_open(descriptor)) return real_write(descriptor, data, size);
    int error = fate('w', 1, open_paths[descriptor], data, size);
    if (error == WITHIN) {
        real_write(descriptor, data, size / 2);
        die();
    }
    if (error == ENOSPC && count == at && size > 1) return real_write(descriptor, data, size / 2); /* so much fits */
    if (error) {
        errno = error;
        return -1;
    }
    return real_write(descriptor, data, size);
}

int ftruncate64(int descriptor, off64_t length) {
    REAL(int, ftruncate64, int, off64_t);
    if (!is_open(descriptor)) return real_ftruncate64(descriptor, length);
    DO(real_ftruncate64(descriptor, length), 't', 0, open_paths[descriptor], &length, sizeof length);
}

int fsync(int descriptor) {
    REAL(int, fsync, int);
    if (!is_open(descriptor)) return real_fsync(descriptor);
    DO(real_fsync(descriptor), 's', 1, open_paths[descriptor], "", 0);
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    if (!is_watched(to)) return real_rename(from, to);
    DO(real_rename(from, to), 'r', 0, from, to, strlen(to));
}

int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *);
    if (!is_watched(to)) return real_link(from, to);
    DO(real_link(from, to), 'l', 1, from, to, strlen(to));
}

int unlink(const char *path) {
    REAL(int, unlink, const char *);
    if (!is_watched(path)) return real_unlink(path);
    DO(real_unlink(path), 'u', 0, path, "", 0);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    if (!is_watched(path)) return real_mkdir(path, mode);
    DO(real_mkdir(path, mode), 'm', 1, path, "", 0);
}

int rmdir(const char *path) {
    REAL(int, rmdir, const char *);
    if (!is_watched(path)) return real_rmdir(path);
    DO(real_rmdir(path), 'd', 0, path, "", 0);
}
