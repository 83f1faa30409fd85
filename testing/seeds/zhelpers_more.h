/* What later editions of a book's helper header have, for programs whose document shows an earlier one: functions of the
 * same names, written anew. */
#ifndef ZHELPERS_MORE_H
#define ZHELPERS_MORE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <zmq.h>

#define HELPER static __attribute__((unused))

/* A random number below `limit`. */
#ifndef randof
#define randof(limit) ((int)(random() % (limit)))
#endif

/* Milliseconds since 1970. */
HELPER int64_t s_clock(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}

HELPER void s_sleep(int milliseconds)
{
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

/* Ends the process unless the library is at least of this version. */
HELPER void s_version_assert(int major, int minor)
{
    int has_major, has_minor, patch;
    zmq_version(&has_major, &has_minor, &patch);
    if (has_major * 1000 + has_minor < major * 1000 + minor) {
        printf("version %d.%d is needed\n", major, minor);
        exit(EXIT_FAILURE);
    }
}

#endif
