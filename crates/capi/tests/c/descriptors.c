/* ZMQ_FD and ZMQ_EVENTS as event loops use them. */

#include "must.h"
#include <poll.h>

static int speaks(int fd, int timeout)
{
    struct pollfd one = {fd, POLLIN, 0};
    return poll(&one, 1, timeout);
}

static void one_transport(void *context, const char *endpoint)
{
    void *pull = open_socket(context, ZMQ_PULL), *push = open_socket(context, ZMQ_PUSH);
    char letter;
    int fd = int_option(pull, ZMQ_FD), reads = 0;
    MUST(fd >= 0 && fd == int_option(pull, ZMQ_FD));
    MUST(zmq_bind(pull, endpoint) == 0 && zmq_connect(push, last_endpoint(pull)) == 0);
    MUST((int_option(pull, ZMQ_EVENTS) & ZMQ_POLLIN) == 0);

    /* It speaks when something came, as often as it takes; looking silences it. */
    MUST(zmq_send(push, "1", 1, 0) == 1 && zmq_send(push, "2", 1, 0) == 1);
    while (!(int_option(pull, ZMQ_EVENTS) & ZMQ_POLLIN))
        MUST(speaks(fd, 30000) == 1);
    MUST(int_option(pull, ZMQ_EVENTS) == ZMQ_POLLIN);

    /* A message in hand is told by ZMQ_EVENTS for as long as it is there, not by the descriptor. */
    while (reads < 2) {
        if (zmq_recv(pull, &letter, 1, ZMQ_DONTWAIT) == 1)
            reads += 1;
        else
            MUST(errno == EAGAIN && speaks(fd, 30000) == 1);
    }
    FAILS(zmq_recv(pull, &letter, 1, ZMQ_DONTWAIT), EAGAIN);
    MUST(int_option(pull, ZMQ_EVENTS) == 0);

    /* EAGAIN silences as well: loops that only receive do not spin. */
    MUST(zmq_send(push, "3", 1, 0) == 1 && speaks(fd, 30000) == 1);
    while (zmq_recv(pull, &letter, 1, ZMQ_DONTWAIT) != 1)
        MUST(errno == EAGAIN && speaks(fd, 30000) == 1);
    FAILS(zmq_recv(pull, &letter, 1, ZMQ_DONTWAIT), EAGAIN);
    /* Word of what was taken already may come late, once for each. */
    for (int late = 0; speaks(fd, 0); late++) {
        MUST(late < 3);
        FAILS(zmq_recv(pull, &letter, 1, ZMQ_DONTWAIT), EAGAIN);
    }

    /* What a message has left counts as something to receive. */
    MUST(zmq_send(push, "a", 1, ZMQ_SNDMORE) == 1 && zmq_send(push, "b", 1, 0) == 1);
    MUST(zmq_recv(pull, &letter, 1, 0) == 1 && int_option(pull, ZMQ_RCVMORE) == 1);
    MUST(int_option(pull, ZMQ_EVENTS) == ZMQ_POLLIN);
    MUST(zmq_recv(pull, &letter, 1, 0) == 1 && letter == 'b' && int_option(pull, ZMQ_RCVMORE) == 0);
    MUST(zmq_close(pull) == 0 && zmq_close(push) == 0);
}

/* A sender learns that there is room. */
static void room(void *context)
{
    const int one = 1;
    void *push = open_socket(context, ZMQ_PUSH), *pull = open_socket(context, ZMQ_PULL);
    char letter;
    int fd, sent = 0;
    MUST(zmq_setsockopt(push, ZMQ_SNDHWM, &one, sizeof one) == 0);
    MUST(zmq_setsockopt(pull, ZMQ_RCVHWM, &one, sizeof one) == 0);
    fd = int_option(push, ZMQ_FD);
    MUST(int_option(push, ZMQ_EVENTS) == 0);
    MUST(zmq_bind(pull, "inproc://room") == 0 && zmq_connect(push, "inproc://room") == 0);
    while (!(int_option(push, ZMQ_EVENTS) & ZMQ_POLLOUT))
        MUST(speaks(fd, 30000) == 1);
    while (zmq_send(push, "x", 1, ZMQ_DONTWAIT) == 1)
        sent += 1;
    MUST(errno == EAGAIN && int_option(push, ZMQ_EVENTS) == 0 && speaks(fd, 0) == 0);
    for (int received = 0; received < sent; received++)
        MUST(zmq_recv(pull, &letter, 1, 0) == 1);
    MUST(speaks(fd, 30000) == 1 && int_option(push, ZMQ_EVENTS) == ZMQ_POLLOUT);
    MUST(zmq_close(pull) == 0 && zmq_close(push) == 0);
}

/* The end of the context is news. */
static void the_end(void *context)
{
    void *pull = open_socket(context, ZMQ_PULL);
    int fd = int_option(pull, ZMQ_FD), events;
    size_t size = sizeof events;
    MUST(int_option(pull, ZMQ_EVENTS) == 0 && speaks(fd, 0) == 0);
    MUST(zmq_ctx_shutdown(context) == 0 && speaks(fd, 30000) == 1);
    FAILS(zmq_getsockopt(pull, ZMQ_EVENTS, &events, &size), ETERM);
    MUST(zmq_close(pull) == 0);
}

int main(void)
{
    void *context = zmq_ctx_new();
    one_transport(context, "tcp://127.0.0.1:*");
    one_transport(context, "ipc://*");
    one_transport(context, "inproc://descriptors");
    room(context);
    the_end(context);
    MUST(zmq_ctx_term(context) == 0);
    puts("all is well");
    return 0;
}
