/*
 * What a process sees of the machine, bent while it runs: loaded before libc (LD_PRELOAD). A file of three 64-bit
 * numbers says how; whoever writes to it bends at once.
 *   1. what is added to the clock of the day, ms
 *   2. what a write at a place takes longer, us
 *   3. what waiting for the disk takes longer, us
 * Only files below BENT_FOLDER are slow. Clocks that only run forward are left alone, as a step of the time leaves them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *bent;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("BENT_FILE");
  folder = getenv("BENT_FOLDER");
  int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *map = mmap(NULL, 3 * sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (map != MAP_FAILED) bent = map;
}

/* The function that this one stands before. */
#define FIND_REAL(name) \
  if (!real) real = dlsym(RTLD_NEXT, name)

int clock_gettime(clockid_t clock, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  FIND_REAL("clock_gettime");
  int failed = real(clock, at);
  if (!failed && bent && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ns = at->tv_nsec + (bent[0] % 1000) * 1000000;
    at->tv_sec += bent[0] / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    at->tv_nsec = (ns + 1000000000) % 1000000000;
  }
  return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}

static void delay(int fd, int64_t us) {
  if (us <= 0 || !folder) return;
  char link[32], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  size_t wanted = strlen(folder);
  if (length < (ssize_t)wanted || strncmp(path, folder, wanted)) return;
  struct timespec span = {us / 1000000, us % 1000000 * 1000};
  nanosleep(&span, NULL);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  FIND_REAL("pwrite64");
  if (bent) delay(fd, bent[1]);
  return real(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

int fsync(int fd) {
  static int (*real)(int);
  FIND_REAL("fsync");
  if (bent) delay(fd, bent[2]);
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  FIND_REAL("fdatasync");
  if (bent) delay(fd, bent[2]);
  return real(fd);
}
