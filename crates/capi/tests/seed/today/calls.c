/* Single calls, as the introductions explain them. */
#include "../seed.h"

/* E1.3, C85, C86: a string with its end is one octet longer than one without. E1.4, C100: what does not fit is cut. */
static void strings(char **arguments)
{
    void *context = zmq_ctx_new(), *one = bound(context, ZMQ_PAIR, "inproc://strings");
    void *two = connected(context, ZMQ_PAIR, "inproc://strings");
    char buffer[256], long_text[300];
    (void)arguments;
    MUST(zmq_send(one, "Hello", 6, 0) == 6 && zmq_send(one, "Hello", 5, 0) == 5);
    int first = zmq_recv(two, buffer, 255, 0), second = zmq_recv(two, buffer, 255, 0);
    printf("lengths %d and %d\n", first, second);
    memset(long_text, 'x', sizeof long_text);
    MUST(zmq_send(one, long_text, sizeof long_text, 0) == 300);
    int size = zmq_recv(two, buffer, 255, 0);
    buffer[size > 255 ? 255 : size] = '\0';
    printf("%d octets, cut to %zu\n", size, strlen(buffer));
    FINISH(context, one, two);
}

/* E1.11, C125: how many threads move data. */
static void threads(char **arguments)
{
    void *context = zmq_ctx_new();
    (void)arguments;
    MUST(zmq_ctx_set(context, ZMQ_IO_THREADS, 4) == 0);
    printf("%d threads\n", zmq_ctx_get(context, ZMQ_IO_THREADS));
    void *socket = bound(context, ZMQ_REP, "tcp://127.0.0.1:*");
    FINISH(context, socket);
}

/* E1.22, C110, C154: calls say what is wrong. */
static void errors(char **arguments)
{
    void *context = zmq_ctx_new(), *socket = bound(context, ZMQ_REP, arguments[0]);
    void *other = zmq_socket(context, ZMQ_REP);
    MUST(zmq_bind(other, last_endpoint(socket)) == -1);
    printf("E: bind failed: %s\n", strerror(errno));
    FAILS(zmq_bind(socket, last_endpoint(socket)), EADDRINUSE);
    MUST(zmq_socket(context, 999) == NULL && errno == EINVAL);
    FAILS(zmq_bind(other, "nonsense"), EINVAL);
    MUST(strcmp(zmq_strerror(EAGAIN), strerror(EAGAIN)) == 0 && zmq_errno() == EINVAL);
    FINISH(context, socket, other);
}

/* C2, C3, C48, C155: who may do what, and when. */
static void order(char **arguments)
{
    void *context = zmq_ctx_new(), *answerer = bound(context, ZMQ_REP, "inproc://order");
    void *asker = connected(context, ZMQ_REQ, "inproc://order"), *publisher = open_socket(context, ZMQ_PUB);
    void *subscriber = open_socket(context, ZMQ_SUB);
    char buffer[8];
    (void)arguments;
    FAILS(zmq_send(answerer, "x", 1, 0), EFSM);
    FAILS(zmq_recv(asker, buffer, 8, 0), EFSM);
    FAILS(zmq_recv(answerer, buffer, 8, ZMQ_DONTWAIT), EAGAIN);
    s_send(asker, "one");
    FAILS(zmq_send(asker, "two", 3, 0), EFSM);
    s_expect(answerer, "one");
    FAILS(zmq_recv(answerer, buffer, 8, 0), EFSM);
    s_send(answerer, "reply");
    s_expect(asker, "reply");
    FAILS(zmq_send(subscriber, "x", 1, 0), ENOTSUP);
    FAILS(zmq_recv(publisher, buffer, 8, 0), ENOTSUP);
    puts("in order");
    FINISH(context, asker, answerer, publisher, subscriber);
}

/* C112, C113: inproc may connect before it is bound, other than in 2.x. C124: which needs no I/O thread. C133. */
static void inproc(char **arguments)
{
    void *context = zmq_ctx_new();
    (void)arguments;
    MUST(zmq_ctx_set(context, ZMQ_IO_THREADS, 0) == 0);
    void *sender = connected(context, ZMQ_PUSH, "inproc://later");
    s_send(sender, "early");
    void *receiver = bound(context, ZMQ_PULL, "inproc://later");
    s_expect(receiver, "early");
    FAILS(zmq_bind(receiver, "tcp://127.0.0.1:*"), EMTHREAD);
    FINISH(context, sender, receiver);
    FAILS(zmq_ctx_destroy(context), EFAULT);
    puts("early and late");
}

const struct program calls[] = {
    {"strings", strings}, {"threads", threads}, {"errors", errors},
    {"order", order},     {"inproc", inproc},   {NULL, NULL},
};
