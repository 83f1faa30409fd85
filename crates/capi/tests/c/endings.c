/* How contexts and sockets end: every call that waits is told, and handles of what is gone are errors. */

#include "must.h"
#include <sys/uio.h>

/* Who waits for ever: every call that can, and sockets of every family. */
enum way {
    RECV,
    RECV_OF_CLIENT,
    RECV_OF_DISH,
    RECV_OF_STREAM,
    MSG_RECV,
    RECVMSG,
    RECVIOV,
    SEND,
    SEND_OF_CLIENT,
    MSG_SEND,
    SENDMSG,
    SENDIOV,
    POLL,
    POLL_OF_CLIENT,
    PPOLL,
    POLLER_WAIT,
    POLLER_WAIT_ALL,
    PROXY,
    PROXY_STEERABLE,
    DEVICE,
    WAYS
};

static int type_of(enum way way)
{
    switch (way) {
    case RECV_OF_CLIENT:
    case SEND_OF_CLIENT:
    case POLL_OF_CLIENT:
        return ZMQ_CLIENT;
    case RECV_OF_DISH:
        return ZMQ_DISH;
    case RECV_OF_STREAM:
        return ZMQ_STREAM;
    case MSG_RECV:
        return ZMQ_PAIR;
    case PROXY:
    case PROXY_STEERABLE:
    case DEVICE:
        return ZMQ_ROUTER;
    default:
        return ZMQ_DEALER;
    }
}

struct waiter {
    void *socket;
    enum way way;
    pthread_t thread;
    pthread_barrier_t *ready;
};

static void with_a_poller(void *socket, int all)
{
    zmq_poller_event_t events[2];
    void *poller = zmq_poller_new();
    MUST(poller != NULL && zmq_poller_add(poller, socket, NULL, ZMQ_POLLIN) == 0);
    FAILS(all ? zmq_poller_wait_all(poller, events, 2, -1) : zmq_poller_wait(poller, events, -1), ETERM);
    MUST(zmq_poller_destroy(&poller) == 0);
}

static void *wait_for_the_end(void *argument)
{
    struct waiter *self = argument;
    zmq_pollitem_t item = {self->socket, 0, ZMQ_POLLIN, 0};
    zmq_msg_t message;
    char letter = 'x';
    struct iovec part = {&letter, 1};
    size_t count = 1;
    MUST(zmq_msg_init_size(&message, 1) == 0);
    pthread_barrier_wait(self->ready);
    switch (self->way) {
    case RECV:
    case RECV_OF_CLIENT:
    case RECV_OF_DISH:
    case RECV_OF_STREAM:
        FAILS(zmq_recv(self->socket, &letter, 1, 0), ETERM);
        break;
    case MSG_RECV:
        FAILS(zmq_msg_recv(&message, self->socket, 0), ETERM);
        break;
    case RECVMSG:
        FAILS(zmq_recvmsg(self->socket, &message, 0), ETERM);
        break;
    case RECVIOV:
        FAILS(zmq_recviov(self->socket, &part, &count, 0), ETERM);
        break;
    case SEND:
    case SEND_OF_CLIENT:
        FAILS(zmq_send(self->socket, "x", 1, 0), ETERM);
        break;
    case MSG_SEND:
        FAILS(zmq_msg_send(&message, self->socket, 0), ETERM);
        break;
    case SENDMSG:
        FAILS(zmq_sendmsg(self->socket, &message, 0), ETERM);
        break;
    case SENDIOV:
        FAILS(zmq_sendiov(self->socket, &part, 1, 0), ETERM);
        break;
    case POLL:
    case POLL_OF_CLIENT:
        FAILS(zmq_poll(&item, 1, -1), ETERM);
        break;
    case PPOLL:
        FAILS(zmq_ppoll(&item, 1, -1, NULL), ETERM);
        break;
    case POLLER_WAIT:
        with_a_poller(self->socket, 0);
        break;
    case POLLER_WAIT_ALL:
        with_a_poller(self->socket, 1);
        break;
    case PROXY:
        FAILS(zmq_proxy(self->socket, self->socket, NULL), ETERM);
        break;
    case PROXY_STEERABLE:
        FAILS(zmq_proxy_steerable(self->socket, self->socket, NULL, NULL), ETERM);
        break;
    default:
        FAILS(zmq_device(ZMQ_QUEUE, self->socket, self->socket), ETERM);
    }
    MUST(zmq_msg_close(&message) == 0);
    FAILS(zmq_recv(self->socket, &letter, 1, ZMQ_DONTWAIT), ETERM);
    MUST(zmq_close(self->socket) == 0);
    return NULL;
}

/* The calls wait, or are about to, when the end comes; either way they are told. */
static void all_are_told(const enum way *ways, int count, int (*end)(void *))
{
    struct waiter waiters[WAYS];
    pthread_barrier_t ready;
    void *context = zmq_ctx_new();
    MUST(pthread_barrier_init(&ready, NULL, count + 1) == 0);
    for (int at = 0; at < count; at++) {
        waiters[at] = (struct waiter){open_socket(context, type_of(ways[at])), ways[at], 0, &ready};
        MUST(pthread_create(&waiters[at].thread, NULL, wait_for_the_end, &waiters[at]) == 0);
    }
    pthread_barrier_wait(&ready);
    MUST(end(context) == 0);
    if (end == zmq_ctx_shutdown) {
        MUST(zmq_socket(context, ZMQ_PAIR) == NULL && errno == ETERM);
        MUST(zmq_ctx_term(context) == 0);
    }
    for (int at = 0; at < count; at++)
        MUST(pthread_join(waiters[at].thread, NULL) == 0);
    FAILS(zmq_ctx_term(context), EFAULT);
    MUST(pthread_barrier_destroy(&ready) == 0);
}

static void everybody_is_told(int (*end)(void *))
{
    enum way ways[WAYS];
    for (enum way way = 0; way < WAYS; way++)
        ways[way] = way;
    all_are_told(ways, WAYS, end);
}

/* Often, because the end has to come while they look: a socket that has ended is ready for calls that fail. */
static void nobody_takes_the_end_for_a_message(void)
{
    static const enum way ways[] = {POLL, PPOLL, POLLER_WAIT, POLLER_WAIT_ALL};
    for (int round = 0; round < 300; round++)
        all_are_told(ways, sizeof ways / sizeof *ways, zmq_ctx_shutdown);
}

static void what_is_gone_is_an_error(void)
{
    void *context = zmq_ctx_new(), *other = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PAIR);
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    char here[8];
    FAILS(zmq_send(NULL, "x", 1, 0), ENOTSOCK);
    FAILS(zmq_send(context, "x", 1, 0), ENOTSOCK);
    FAILS(zmq_send(here, "x", 1, 0), ENOTSOCK);
    FAILS(zmq_close(here), ENOTSOCK);
    FAILS(zmq_ctx_term(socket), EFAULT);
    FAILS(zmq_ctx_term(NULL), EFAULT);
    FAILS(zmq_ctx_shutdown(NULL), EFAULT);
    MUST(zmq_socket(NULL, ZMQ_PAIR) == NULL && errno == EFAULT);
    MUST(zmq_socket(context, 77) == NULL && errno == EINVAL);
    MUST(zmq_close(socket) == 0);
    FAILS(zmq_close(socket), ENOTSOCK);
    FAILS(zmq_send(socket, "x", 1, 0), ENOTSOCK);
    FAILS(zmq_recv(socket, here, 1, 0), ENOTSOCK);
    FAILS(zmq_bind(socket, "inproc://x"), ENOTSOCK);
    FAILS(zmq_poll(&item, 1, 0), ENOTSOCK);
    MUST(zmq_init(-1) == NULL && errno == EINVAL);
    MUST(zmq_ctx_term(context) == 0 && zmq_ctx_destroy(other) == 0);
}

static void *close_later(void *socket)
{
    MUST(zmq_close(socket) == 0);
    return NULL;
}

static void the_end_waits_for_sockets_and_for_what_was_sent(void)
{
    const int forever = -1, one = 1;
    void *context = zmq_ctx_new(), *other = zmq_ctx_new();
    void *pull = open_socket(other, ZMQ_PULL), *push = zmq_socket(context, ZMQ_PUSH);
    pthread_t closer;
    char letters[8];
    MUST(int_option(push, ZMQ_LINGER) == -1 && zmq_setsockopt(push, ZMQ_LINGER, &forever, sizeof forever) == 0);
    MUST(zmq_bind(pull, "tcp://127.0.0.1:*") == 0 && zmq_connect(push, last_endpoint(pull)) == 0);
    MUST(zmq_send(push, "last", 4, 0) == 4);
    MUST(pthread_create(&closer, NULL, close_later, push) == 0);
    MUST(zmq_ctx_term(context) == 0 && pthread_join(closer, NULL) == 0);
    MUST(zmq_recv(pull, letters, sizeof letters, 0) == 4);
    MUST(zmq_close(pull) == 0 && zmq_ctx_term(other) == 0);

    context = zmq_ctx_new();
    MUST(zmq_ctx_set(context, ZMQ_MAX_SOCKETS, one) == 0);
    push = open_socket(context, ZMQ_PUSH);
    MUST(zmq_socket(context, ZMQ_PUSH) == NULL && errno == EMFILE);
    MUST(zmq_close(push) == 0 && zmq_ctx_term(context) == 0);
}

int main(void)
{
    everybody_is_told(zmq_ctx_shutdown);
    everybody_is_told(zmq_ctx_term);
    nobody_takes_the_end_for_a_message();
    what_is_gone_is_an_error();
    the_end_waits_for_sockets_and_for_what_was_sent();
    puts("all is well");
    return 0;
}
