/* A date that jumps, for one process: preloaded, it moves what the system says of the date, and of the dates of files, by the
   seconds that stand in a file. Clocks that nobody can set are left as they are. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *moved_by;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("DATE_MOVED_BY");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *moved_by, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        moved_by = mapped;
    close(file);
}

static int64_t seconds(void)
{
    return moved_by ? *moved_by : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int) syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI))
        now->tv_sec += seconds();
    return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
    int result = (int) syscall(SYS_gettimeofday, now, zone);
    if (result == 0)
        now->tv_sec += seconds();
    return result;
}

time_t time(time_t *place)
{
    struct timeval now;
    if (gettimeofday(&now, NULL) != 0)
        return (time_t) -1;
    if (place)
        *place = now.tv_sec;
    return now.tv_sec;
}

int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *about)
{
    int result = (int) syscall(SYS_statx, folder, path, flags, mask, about);
    if (result == 0) {
        about->stx_ctime.tv_sec += seconds();
        about->stx_mtime.tv_sec += seconds();
    }
    return result;
}
