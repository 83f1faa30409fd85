/* How contexts and sockets end: every call that waits is told, and handles of what is gone are errors. */

#include "must.h"

enum { WAYS = 5 };

struct waiter {
    void *socket;
    int way;
    pthread_t thread;
    pthread_barrier_t *ready;
};

static void *wait_for_the_end(void *argument)
{
    struct waiter *self = argument;
    zmq_pollitem_t item = {self->socket, 0, ZMQ_POLLIN, 0};
    zmq_msg_t message;
    char letter;
    pthread_barrier_wait(self->ready);
    switch (self->way) {
    case 0:
        FAILS(zmq_recv(self->socket, &letter, 1, 0), ETERM);
        break;
    case 1:
        MUST(zmq_msg_init(&message) == 0);
        FAILS(zmq_msg_recv(&message, self->socket, 0), ETERM);
        MUST(zmq_msg_close(&message) == 0);
        break;
    case 2:
        FAILS(zmq_send(self->socket, "x", 1, 0), ETERM);
        break;
    case 3:
        FAILS(zmq_poll(&item, 1, -1), ETERM);
        break;
    default:
        FAILS(zmq_proxy(self->socket, self->socket, NULL), ETERM);
    }
    FAILS(zmq_send(self->socket, "x", 1, ZMQ_DONTWAIT), ETERM);
    MUST(zmq_close(self->socket) == 0);
    return NULL;
}

/* The calls wait, or are about to, when the end comes; either way they are told. */
static void everybody_is_told(int (*end)(void *))
{
    static const int types[WAYS] = {ZMQ_DEALER, ZMQ_PAIR, ZMQ_DEALER, ZMQ_DEALER, ZMQ_ROUTER};
    struct waiter waiters[WAYS];
    pthread_barrier_t ready;
    void *context = zmq_ctx_new();
    MUST(pthread_barrier_init(&ready, NULL, WAYS + 1) == 0);
    for (int way = 0; way < WAYS; way++) {
        waiters[way] = (struct waiter){open_socket(context, types[way]), way, 0, &ready};
        MUST(pthread_create(&waiters[way].thread, NULL, wait_for_the_end, &waiters[way]) == 0);
    }
    pthread_barrier_wait(&ready);
    MUST(end(context) == 0);
    if (end == zmq_ctx_shutdown) {
        MUST(zmq_socket(context, ZMQ_PAIR) == NULL && errno == ETERM);
        MUST(zmq_ctx_term(context) == 0);
    }
    for (int way = 0; way < WAYS; way++)
        MUST(pthread_join(waiters[way].thread, NULL) == 0);
    FAILS(zmq_ctx_term(context), EFAULT);
    MUST(pthread_barrier_destroy(&ready) == 0);
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
    what_is_gone_is_an_error();
    the_end_waits_for_sockets_and_for_what_was_sent();
    puts("all is well");
    return 0;
}
