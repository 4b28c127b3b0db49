// Preloaded into a process on Linux (LD_PRELOAD), it numbers what the process does to files below some folders: open for writing, write, fsync, truncate, rename,
// unlink and mkdir. At one number the process is killed or the call fails. Environment:
//   HETEROAKD_FAULT_BELOW   folders, separated by ':'
//   HETEROAKD_FAULT_AT      the number, from 1; 0 lets everything pass
//   HETEROAKD_FAULT_KIND    kill | torn (half of the write, then kill) | EIO | EMFILE (this call) | ENOSPC (this call and all later ones that need space)
//                           | EROFS (this call and all later ones that change a folder or open a file for writing)
//   HETEROAKD_FAULT_TRACE   file that receives a line for each call: number, name, path
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { most_files = 1 << 16 };

static atomic_int number;
static atomic_bool full, read_only;
static atomic_uchar watched[most_files]; // by descriptor: open for writing below the folders
static int at, trace = -1;
static const char *below, *kind;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("HETEROAKD_FAULT_AT");
    const char *file = getenv("HETEROAKD_FAULT_TRACE");
    at = text ? atoi(text) : 0;
    below = getenv("HETEROAKD_FAULT_BELOW");
    kind = getenv("HETEROAKD_FAULT_KIND");
    kind = kind ? kind : "";
    if (file)
        trace = REAL(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int is_below(const char *path)
{
    for (const char *folder = below; folder && *folder;)
    {
        size_t length = strcspn(folder, ":");
        if (length > 0 && strncmp(path, folder, length) == 0)
            return 1;
        folder += length + (folder[length] == ':');
    }
    return 0;
}

static int is_watched(int file)
{
    return file >= 0 && file < most_files && watched[file];
}

static void die(void)
{
    raise(SIGKILL);
    for (;;)
        pause();
}

// Counts a call. 0: it may pass; 1: the process dies after half of it; else the error that it fails with.
static int fault(const char *name, const char *path, int needs_space)
{
    int n = atomic_fetch_add(&number, 1) + 1;
    if (trace >= 0)
    {
        char line[1024];
        int length = snprintf(line, sizeof line, "%d %s %s\n", n, name, path);
        (void)!REAL(write)(trace, line, length < (int)sizeof line ? length : (int)sizeof line - 1);
    }
    if (atomic_load(&full) && needs_space)
        return ENOSPC;
    int changes = strcmp(name, "open") == 0 || strcmp(name, "mkdir") == 0 || strcmp(name, "rename") == 0 || strcmp(name, "unlink") == 0;
    if (atomic_load(&read_only) && changes)
        return EROFS;
    if (n != at)
        return 0;
    if (strcmp(kind, "kill") == 0)
        die();
    if (strcmp(kind, "torn") == 0)
    {
        if (strstr(name, "write") == NULL)
            die();
        return 1;
    }
    if (strcmp(kind, "EIO") == 0)
        return EIO;
    if (strcmp(kind, "EMFILE") == 0)
        return strcmp(name, "open") == 0 ? EMFILE : EIO;
    if (strcmp(kind, "ENOSPC") == 0)
    {
        atomic_store(&full, 1);
        return needs_space ? ENOSPC : 0;
    }
    if (strcmp(kind, "EROFS") == 0)
    {
        atomic_store(&read_only, 1);
        return changes ? EROFS : 0;
    }
    return 0;
}

static int failed(int error)
{
    errno = error;
    return -1;
}

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    int counts = writes && is_below(path);
    if (counts)
    {
        int error = fault("open", path, flags & O_CREAT);
        if (error > 1)
            return failed(error);
    }
    int file = REAL(openat)(folder, path, flags, mode);
    if (file >= 0 && file < most_files)
        watched[file] = counts;
    return file;
}

#define MODE(flags, mode)                  \
    mode_t mode = 0;                       \
    if ((flags) & (O_CREAT | O_TMPFILE))   \
    {                                      \
        va_list rest;                      \
        va_start(rest, flags);             \
        mode = va_arg(rest, mode_t);       \
        va_end(rest);                      \
    }

int open(const char *path, int flags, ...) { MODE(flags, mode) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags, mode) return open_any(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags, mode) return open_any(folder, path, flags, mode); }

int close(int file)
{
    if (file >= 0 && file < most_files)
        watched[file] = 0;
    return REAL(close)(file);
}

static const char *path_of(int file, char *buffer, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = trace >= 0 ? readlink(link, buffer, size - 1) : 0;
    buffer[length > 0 ? length : 0] = 0;
    return buffer;
}

#define WRITE(name, half, all)                                           \
    if (is_watched(file))                                                \
    {                                                                    \
        char path[512];                                                  \
        int error = fault(#name, path_of(file, path, sizeof path), 1);   \
        if (error == 1)                                                  \
        {                                                                \
            (void)!half;                                                 \
            die();                                                       \
        }                                                                \
        if (error)                                                       \
            return failed(error);                                        \
    }                                                                    \
    return all;

ssize_t write(int file, const void *data, size_t size) { WRITE(write, REAL(write)(file, data, size / 2), REAL(write)(file, data, size)) }
ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { WRITE(pwrite, REAL(pwrite)(file, data, size / 2, offset), REAL(pwrite)(file, data, size, offset)) }
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
    WRITE(pwrite, REAL(pwrite64)(file, data, size / 2, offset), REAL(pwrite64)(file, data, size, offset))
}
ssize_t writev(int file, const struct iovec *parts, int count) { WRITE(writev, REAL(writev)(file, parts, count / 2), REAL(writev)(file, parts, count)) }
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset)
{
    WRITE(pwritev, REAL(pwritev)(file, parts, count / 2, offset), REAL(pwritev)(file, parts, count, offset))
}

#define ON_FILE(name, space, call)                                         \
    if (is_watched(file))                                                  \
    {                                                                      \
        char path[512];                                                    \
        int error = fault(name, path_of(file, path, sizeof path), space);  \
        if (error > 1)                                                     \
            return failed(error);                                          \
    }                                                                      \
    return call;

int fsync(int file) { ON_FILE("fsync", 1, REAL(fsync)(file)) }
int fdatasync(int file) { ON_FILE("fsync", 1, REAL(fdatasync)(file)) }
int ftruncate(int file, off_t size) { ON_FILE("truncate", 0, REAL(ftruncate)(file, size)) }
int ftruncate64(int file, off64_t size) { ON_FILE("truncate", 0, REAL(ftruncate64)(file, size)) }

#define ON_PATH(name, path, space, call)           \
    if (is_below(path))                            \
    {                                              \
        int error = fault(name, path, space);      \
        if (error > 1)                             \
            return failed(error);                  \
    }                                              \
    return call;

int rename(const char *from, const char *to) { ON_PATH("rename", to, 0, REAL(rename)(from, to)) }
int unlink(const char *path) { ON_PATH("unlink", path, 0, REAL(unlink)(path)) }
int mkdir(const char *path, mode_t mode) { ON_PATH("mkdir", path, 1, REAL(mkdir)(path, mode)) }
