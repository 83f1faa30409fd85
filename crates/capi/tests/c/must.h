/* What the programs here have in common. */
#ifndef MUST_H
#define MUST_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ZMQ_BUILD_DRAFT_API
#include <zmq.h>

/* What has to be so, whatever NDEBUG says. */
#define MUST(what)                                                                                          \
    do {                                                                                                    \
        if (!(what)) {                                                                                      \
            fprintf(stderr, "%s:%d: not so: %s (errno %d: %s)\n", __FILE__, __LINE__, #what, errno,         \
                    zmq_strerror(errno));                                                                   \
            abort();                                                                                        \
        }                                                                                                   \
    } while (0)

/* That a call fails, and why. */
#define FAILS(call, why) MUST((call) == -1 && errno == (why))

/* A socket that does not hold up the end. */
static inline void *open_socket(void *context, int type)
{
    const int zero = 0;
    void *socket = zmq_socket(context, type);
    MUST(socket && zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) == 0);
    return socket;
}

static inline const char *last_endpoint(void *socket)
{
    static char endpoint[256];
    size_t size = sizeof endpoint;
    MUST(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    return endpoint;
}

static inline int int_option(void *socket, int option)
{
    int value = -1;
    size_t size = sizeof value;
    MUST(zmq_getsockopt(socket, option, &value, &size) == 0);
    return value;
}

#endif
