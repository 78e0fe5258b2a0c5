/* Notes all that a process writes below DISK_FOLDER, in order, to DISK_LOG: from the notes, disk.py works out what a power
 * cut could have left. With DISK_KILL_AT=n the process is killed as it begins its n-th sync of a file.
 *
 * A note is a line "KIND WHEN ..." (WHEN: CLOCK_REALTIME in microseconds), followed by the bytes of a write:
 *   N when inode path            a new, empty file
 *   W when inode offset length   written
 *   T when inode size            cut or grown to this size
 *   S when inode begun           synced, with all that was noted before line `begun`
 *   L when inode begun path      a folder's list of entries: what it holds now; synced if begun is not -1
 *     followed by "E inode d|f name" for each entry, and "."
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static FILE *notes;
static const char *folder;
static long lines, syncs, kill_at;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DISK_LOG"), *at = getenv("DISK_KILL_AT");
    folder = getenv("DISK_FOLDER");
    if (path != NULL && folder != NULL) notes = fopen(path, "ae");
    kill_at = at != NULL ? atol(at) : 0;
}

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static int is_below(const char *path) {
    size_t length = folder != NULL ? strlen(folder) : 0;
    return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* The path of an open file or folder below DISK_FOLDER, and what it is. */
static int is_noted(int fd, char *path, struct stat *what) {
    char link[64];
    if (folder == NULL || fstat(fd, what) != 0 || !(S_ISREG(what->st_mode) || S_ISDIR(what->st_mode))) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static void note_list(const char *path, long begun) {
    if (notes == NULL) return;
    DIR *entries = opendir(path);
    if (entries == NULL) return;
    struct stat whole;
    if (fstat(dirfd(entries), &whole) != 0) memset(&whole, 0, sizeof whole);
    lines++;
    fprintf(notes, "L %ld %lu %ld %s\n", now(), (unsigned long)whole.st_ino, begun, path);
    struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        char inner[PATH_MAX];
        struct stat what;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner || lstat(inner, &what) != 0) continue;
        fprintf(notes, "E %lu %c %s\n", (unsigned long)what.st_ino, S_ISDIR(what.st_mode) ? 'd' : 'f', entry->d_name);
    }
    fprintf(notes, ".\n");
    fflush(notes);
    closedir(entries);
}

static void note_parent(const char *path) {
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL || slash == parent) return;
    *slash = 0;
    if (is_below(parent)) note_list(parent, -1);
}

static int open_noted(int (*next)(int, const char *, int, ...), int at, const char *path, int flags, mode_t mode) {
    struct stat before, after;
    char real[PATH_MAX];
    if (notes == NULL || !(flags & (O_CREAT | O_TRUNC))) return next(at, path, flags, mode);
    pthread_mutex_lock(&one_at_a_time);
    int was_there = fstatat(at, path, &before, 0) == 0;
    int fd = next(at, path, flags, mode);
    if (fd >= 0 && is_noted(fd, real, &after) && S_ISREG(after.st_mode)) {
        if (!was_there) {
            lines++;
            fprintf(notes, "N %ld %lu %s\n", now(), (unsigned long)after.st_ino, real);
            note_parent(real);
        } else if (flags & O_TRUNC) {
            lines++;
            fprintf(notes, "T %ld %lu 0\n", now(), (unsigned long)after.st_ino);
        }
        fflush(notes);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return fd;
}

#define OPEN(name, real, AT, ...)                                                   \
    int name(__VA_ARGS__ const char *path, int flags, ...) {                        \
        va_list more;                                                               \
        va_start(more, flags);                                                      \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;     \
        va_end(more);                                                               \
        return open_noted(NEXT(real), AT, path, flags, mode);                       \
    }
#define COMMA ,
OPEN(open, openat64, AT_FDCWD, )
OPEN(open64, openat64, AT_FDCWD, )
OPEN(openat, openat64, at, int at COMMA)
OPEN(openat64, openat64, at, int at COMMA)

static void note_write(unsigned long inode, off_t offset, const struct iovec *parts, int count, ssize_t length) {
    lines++;
    fprintf(notes, "W %ld %lu %ld %zd\n", now(), inode, (long)offset, length);
    for (int i = 0; i < count && length > 0; i++) {
        size_t some = parts[i].iov_len < (size_t)length ? parts[i].iov_len : (size_t)length;
        fwrite(parts[i].iov_base, 1, some, notes);
        length -= some;
    }
    fflush(notes);
}

/* `offset` -1: at the file's own. */
static ssize_t write_noted(int fd, const struct iovec *parts, int count, off_t offset) {
    char path[PATH_MAX];
    struct stat what;
    int is_ours = notes != NULL && is_noted(fd, path, &what) && S_ISREG(what.st_mode);
    if (is_ours) pthread_mutex_lock(&one_at_a_time);
    ssize_t done = offset < 0 ? NEXT(writev)(fd, parts, count) : NEXT(pwritev)(fd, parts, count, offset);
    if (is_ours) {
        if (done > 0) note_write(what.st_ino, offset < 0 ? lseek(fd, 0, SEEK_CUR) - done : offset, parts, count, done);
        pthread_mutex_unlock(&one_at_a_time);
    }
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return write_noted(fd, parts, count, -1); }

ssize_t write(int fd, const void *bytes, size_t length) {
    struct iovec part = {(void *)bytes, length};
    return write_noted(fd, &part, 1, -1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
    struct iovec part = {(void *)bytes, length};
    return write_noted(fd, &part, 1, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

int ftruncate64(int fd, off_t size) {
    char path[PATH_MAX];
    struct stat what;
    int is_ours = notes != NULL && is_noted(fd, path, &what);
    if (is_ours) pthread_mutex_lock(&one_at_a_time);
    int done = NEXT(ftruncate64)(fd, size);
    if (is_ours) {
        if (done == 0) {
            lines++;
            fprintf(notes, "T %ld %lu %ld\n", now(), (unsigned long)what.st_ino, (long)size);
            fflush(notes);
        }
        pthread_mutex_unlock(&one_at_a_time);
    }
    return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int sync_noted(int (*next)(int), int fd) {
    char path[PATH_MAX];
    struct stat what;
    if (folder == NULL || !is_noted(fd, path, &what)) return next(fd);
    pthread_mutex_lock(&one_at_a_time);
    long begun = lines;
    if (kill_at > 0 && S_ISREG(what.st_mode) && ++syncs == kill_at) kill(getpid(), SIGKILL);
    pthread_mutex_unlock(&one_at_a_time);
    int done = next(fd);
    if (done == 0 && notes != NULL) {
        pthread_mutex_lock(&one_at_a_time);
        if (S_ISDIR(what.st_mode)) {
            note_list(path, begun);
        } else {
            lines++;
            fprintf(notes, "S %ld %lu %ld\n", now(), (unsigned long)what.st_ino, begun);
            fflush(notes);
        }
        pthread_mutex_unlock(&one_at_a_time);
    }
    return done;
}

int fsync(int fd) { return sync_noted(NEXT(fsync), fd); }
int fdatasync(int fd) { return sync_noted(NEXT(fdatasync), fd); }

#define CHANGES_A_LIST(name, call, path, ...)              \
    int name(__VA_ARGS__) {                                \
        if (notes == NULL) return NEXT(name) call;         \
        pthread_mutex_lock(&one_at_a_time);                \
        int done = NEXT(name) call;                        \
        if (done == 0) note_parent(path);                  \
        pthread_mutex_unlock(&one_at_a_time);              \
        return done;                                       \
    }
CHANGES_A_LIST(rename, (from, to), to, const char *from, const char *to)
CHANGES_A_LIST(unlink, (path), path, const char *path)
CHANGES_A_LIST(rmdir, (path), path, const char *path)
CHANGES_A_LIST(mkdir, (path, mode), path, const char *path, mode_t mode)
