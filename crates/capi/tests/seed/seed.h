/* What the programs here have in common. Each is one example of the introductions to ZeroMQ, written anew and short: the
 * same sockets, the same calls. Where it binds and connects is given by arguments, and work takes milliseconds. */
#ifndef SEED_H
#define SEED_H

#include "../c/must.h"
#include <stdint.h>
#include <time.h>

struct program {
    const char *name;
    void (*run)(char **arguments);
};

#define SEED static inline __attribute__((unused))
#define WAIT_FOR_EVER -1

/* Time in the units of zmq_poll. */
#if ZMQ_VERSION_MAJOR == 2
#define MILLISECONDS(number) ((number) * 1000L)
#else
#define MILLISECONDS(number) ((long)(number))
#endif

/* What stands for work. */
SEED void work(int milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

SEED int64_t milliseconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

SEED int below(int limit)
{
    return (int)(random() % limit);
}

/* Binds, and tells where: the endpoint may have been a wildcard. */
SEED void bind_and_tell(void *socket, const char *endpoint)
{
    char bound[256];
    size_t size = sizeof bound;
    MUST(zmq_bind(socket, endpoint) == 0);
    MUST(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size) == 0);
    printf("bound %s\n", bound);
}

SEED void *bound(void *context, int type, const char *endpoint)
{
    void *socket = zmq_socket(context, type);
    MUST(socket);
    bind_and_tell(socket, endpoint);
    return socket;
}

SEED void *connected(void *context, int type, const char *endpoint)
{
    void *socket = zmq_socket(context, type);
    MUST(socket && zmq_connect(socket, endpoint) == 0);
    return socket;
}

SEED void *subscribed(void *context, const char *endpoint, const char *topic)
{
    void *socket = connected(context, ZMQ_SUB, endpoint);
    MUST(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, strlen(topic)) == 0);
    return socket;
}

SEED void *named(void *context, int type, const char *name, const char *endpoint)
{
    void *socket = zmq_socket(context, type);
    MUST(socket && zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name)) == 0);
    MUST(zmq_connect(socket, endpoint) == 0);
    return socket;
}

/* Sends a string without its end. */
SEED void s_send_part(void *socket, const char *string, int flags)
{
#if ZMQ_VERSION_MAJOR == 2
    zmq_msg_t message;
    MUST(zmq_msg_init_size(&message, strlen(string)) == 0);
    memcpy(zmq_msg_data(&message), string, strlen(string));
    MUST(zmq_send(socket, &message, flags) == 0);
    MUST(zmq_msg_close(&message) == 0);
#else
    MUST(zmq_send(socket, string, strlen(string), flags) == (int)strlen(string));
#endif
}

SEED void s_send(void *socket, const char *string)
{
    s_send_part(socket, string, 0);
}

SEED void s_sendmore(void *socket, const char *string)
{
    s_send_part(socket, string, ZMQ_SNDMORE);
}

/* Receives a string and ends it; NULL when the context ends. The caller frees it. */
SEED char *s_recv(void *socket)
{
    zmq_msg_t message;
    char *string;
    MUST(zmq_msg_init(&message) == 0);
#if ZMQ_VERSION_MAJOR == 2
    if (zmq_recv(socket, &message, 0) != 0) {
#else
    if (zmq_msg_recv(&message, socket, 0) == -1) {
#endif
        MUST(errno == ETERM);
        return NULL;
    }
    string = calloc(1, zmq_msg_size(&message) + 1);
    memcpy(string, zmq_msg_data(&message), zmq_msg_size(&message));
    MUST(zmq_msg_close(&message) == 0);
    return string;
}

/* Receives a string that must be this one. */
SEED void s_expect(void *socket, const char *wanted)
{
    char *string = s_recv(socket);
    MUST(string && strcmp(string, wanted) == 0);
    free(string);
}

/* Whether more parts follow what was received last. */
SEED int has_more(void *socket)
{
#if ZMQ_VERSION_MAJOR == 2
    int64_t more = -1;
#else
    int more = -1;
#endif
    size_t size = sizeof more;
    MUST(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) == 0 && size == sizeof more);
    return more != 0;
}

/* Passes a message on, part by part, and says how many there were. */
SEED int pass_on(void *from, void *to)
{
    int parts = 0, more = 1;
    while (more) {
        zmq_msg_t part;
        MUST(zmq_msg_init(&part) == 0);
#if ZMQ_VERSION_MAJOR == 2
        MUST(zmq_recv(from, &part, 0) == 0);
        more = has_more(from);
        MUST(zmq_send(to, &part, more ? ZMQ_SNDMORE : 0) == 0);
#else
        MUST(zmq_msg_recv(&part, from, 0) >= 0);
        more = zmq_msg_more(&part);
        MUST(zmq_msg_send(&part, to, more ? ZMQ_SNDMORE : 0) >= 0);
#endif
        MUST(zmq_msg_close(&part) == 0);
        parts++;
    }
    return parts;
}

/* Whether there is something to receive within this time. */
SEED int has_mail(void *socket, int milliseconds)
{
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    MUST(zmq_poll(&item, 1, milliseconds < 0 ? -1 : MILLISECONDS(milliseconds)) >= 0);
    return item.revents & ZMQ_POLLIN;
}

SEED pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, run, argument) == 0);
    return thread;
}

SEED void join(pthread_t thread)
{
    MUST(pthread_join(thread, NULL) == 0);
}

SEED void *new_context(void)
{
#if ZMQ_VERSION_MAJOR == 2
    void *context = zmq_init(1);
#else
    void *context = zmq_ctx_new();
#endif
    MUST(context);
    return context;
}

/* Closes sockets, up to NULL, and ends the context. */
SEED void finish(void *context, void **sockets)
{
    for (; *sockets; sockets++)
        MUST(zmq_close(*sockets) == 0);
#if ZMQ_VERSION_MAJOR == 2
    MUST(zmq_term(context) == 0);
#else
    MUST(zmq_ctx_destroy(context) == 0);
#endif
}
#define FINISH(context, ...) finish(context, (void *[]){__VA_ARGS__, NULL})

/* Runs the program that the first argument names. */
SEED int choose(const struct program *const *families, char **arguments)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    srandom(getpid());
    for (; arguments[1] && *families; families++) {
        for (const struct program *program = *families; program->name; program++) {
            if (strcmp(program->name, arguments[1]) == 0) {
                program->run(arguments + 2);
                return 0;
            }
        }
    }
    fprintf(stderr, "no such program: %s\n", arguments[1] ? arguments[1] : "(none)");
    return 2;
}

#endif
