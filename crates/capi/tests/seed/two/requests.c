/* Questions, answers, devices between them, and threads. */
#include "two.h"

/* E2.1: ENDPOINT. The reply has its end on the wire. */
static void hwserver(char **arguments)
{
    void *context = zmq_init(1), *responder = bound(context, ZMQ_REP, arguments[0]);
    for (;;) {
        zmq_msg_t request, reply;
        zmq_msg_init(&request);
        MUST(zmq_recv(responder, &request, 0) == 0);
        printf("Received request: [%s]\n", (char *)zmq_msg_data(&request));
        zmq_msg_close(&request);
        work(1);
        zmq_msg_init_size(&reply, 6);
        memcpy(zmq_msg_data(&reply), "World", 6);
        MUST(zmq_send(responder, &reply, 0) == 0);
        zmq_msg_close(&reply);
    }
}

/* E2.3: ENDPOINT. The request is a constant that nobody frees. */
static void hwclient(char **arguments)
{
    void *context = zmq_init(1), *requester = connected(context, ZMQ_REQ, arguments[0]);
    for (int number = 0; number < 10; number++) {
        zmq_msg_t request, reply;
        MUST(zmq_msg_init_data(&request, "Hello", 6, NULL, NULL) == 0);
        printf("Sending request %d...\n", number);
        MUST(zmq_send(requester, &request, 0) == 0);
        zmq_msg_close(&request);
        zmq_msg_init(&reply);
        MUST(zmq_recv(requester, &reply, 0) == 0 && zmq_msg_size(&reply) == 6);
        printf("Received reply %d: [%s]\n", number, (char *)zmq_msg_data(&reply));
        zmq_msg_close(&reply);
    }
    FINISH(context, requester);
}

/* E2.30: FRONTEND BACKEND */
static void rrbroker(char **arguments)
{
    void *context = zmq_init(1);
    void *frontend = bound(context, ZMQ_XREP, arguments[0]), *backend = bound(context, ZMQ_XREQ, arguments[1]);
    zmq_pollitem_t items[] = {{frontend, 0, ZMQ_POLLIN, 0}, {backend, 0, ZMQ_POLLIN, 0}};
    for (;;) {
        MUST(zmq_poll(items, 2, -1) > 0);
        if (items[0].revents & ZMQ_POLLIN)
            pass_on(frontend, backend);
        if (items[1].revents & ZMQ_POLLIN)
            pass_on(backend, frontend);
    }
}

/* E2.31: FRONTEND BACKEND */
static void msgqueue(char **arguments)
{
    void *context = zmq_init(1);
    void *frontend = bound(context, ZMQ_XREP, arguments[0]), *backend = bound(context, ZMQ_XREQ, arguments[1]);
    zmq_device(ZMQ_QUEUE, frontend, backend);
}

static void *serve(void *context)
{
    void *receiver = connected(context, ZMQ_REP, "inproc://workers");
    for (char *string; (string = s_recv(receiver)) != NULL; free(string)) {
        printf("Received request: [%s]\n", string);
        work(1);
        s_send(receiver, "World");
    }
    return NULL;
}

/* E2.32: ENDPOINT */
static void mtserver(char **arguments)
{
    void *context = zmq_init(1);
    void *clients = bound(context, ZMQ_XREP, arguments[0]), *workers = bound(context, ZMQ_XREQ, "inproc://workers");
    for (int index = 0; index < 5; index++)
        start(serve, context);
    zmq_device(ZMQ_QUEUE, clients, workers);
}

/* For brokers: ENDPOINT. */
static void rrclient(char **arguments)
{
    void *context = zmq_init(1), *requester = connected(context, ZMQ_REQ, arguments[0]);
    for (int number = 1; number <= 10; number++) {
        s_send(requester, "Hello");
        s_expect(requester, "World");
        printf("Received reply %d [ World ]\n", number);
    }
    FINISH(context, requester);
}

/* For brokers: ENDPOINT. */
static void rrworker(char **arguments)
{
    void *context = zmq_init(1), *responder = connected(context, ZMQ_REP, arguments[0]);
    for (;;) {
        char *string = s_recv(responder);
        printf("Received request: %s\n", string);
        free(string);
        s_send(responder, "World");
    }
}

static void *step_one(void *context)
{
    void *sender = connected(context, ZMQ_PAIR, "inproc://step2");
    s_send(sender, "");
    MUST(zmq_close(sender) == 0);
    return NULL;
}

static void *step_two(void *context)
{
    void *receiver = bound(context, ZMQ_PAIR, "inproc://step2");
    pthread_t before = start(step_one, context);
    s_expect(receiver, "");
    void *sender = connected(context, ZMQ_PAIR, "inproc://step3");
    s_send(sender, "");
    join(before);
    MUST(zmq_close(receiver) == 0 && zmq_close(sender) == 0);
    return NULL;
}

/* E2.33, C140: signals from thread to thread. */
static void mtrelay(char **arguments)
{
    void *context = zmq_init(1), *receiver = bound(context, ZMQ_PAIR, "inproc://step3");
    (void)arguments;
    pthread_t before = start(step_two, context);
    s_expect(receiver, "");
    puts("Test successful!");
    join(before);
    FINISH(context, receiver);
}

static void *share(void *socket)
{
    for (int number = 0; number < 1000; number++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_recv(socket, &message, ZMQ_NOBLOCK) == 0)
            zmq_send(socket, &message, ZMQ_NOBLOCK);
        MUST(zmq_msg_close(&message) == 0);
    }
    return NULL;
}

/* E2.12, C136: sockets that threads share by mistake crashed 2.0; here they lose nothing but their turns. */
static void shared(char **arguments)
{
    void *context = zmq_init(1), *answerer = bound(context, ZMQ_REP, "inproc://querys");
    void *asker = connected(context, ZMQ_REQ, "inproc://querys"), *publisher = bound(context, ZMQ_PUB, "inproc://publish");
    pthread_t threads[4];
    (void)arguments;
    s_send(asker, "Hello");
    for (int index = 0; index < 4; index++)
        threads[index] = start(share, answerer);
    for (int number = 0; number < 1000; number++)
        s_send(publisher, "msg.x|");
    for (int index = 0; index < 4; index++)
        join(threads[index]);
    s_expect(asker, "Hello");
    puts("nothing broke");
    FINISH(context, asker, answerer, publisher);
}

static void *rewritten(void *context)
{
    void *work_socket = connected(context, ZMQ_PULL, "inproc://worker");
    void *publisher = connected(context, ZMQ_PUSH, "inproc://publish");
    char *one = s_recv(work_socket);
    MUST(has_more(work_socket));
    char *two = s_recv(work_socket);
    MUST(!has_more(work_socket));
    printf("Worker got [%s][%s]\n", one, two);
    s_sendmore(publisher, one);
    s_send(publisher, two);
    free(one);
    free(two);
    MUST(zmq_close(work_socket) == 0 && zmq_close(publisher) == 0);
    return NULL;
}

/* E2.13: the same with a socket for each thread. */
static void not_shared(char **arguments)
{
    void *context = zmq_init(1), *sender = bound(context, ZMQ_PUSH, "inproc://worker");
    void *results = bound(context, ZMQ_PULL, "inproc://publish");
    (void)arguments;
    pthread_t worker = start(rewritten, context);
    s_sendmore(sender, "a");
    s_send(sender, "b");
    s_expect(results, "a");
    s_expect(results, "b");
    join(worker);
    FINISH(context, sender, results);
}

const struct program requests[] = {
    {"hwserver", hwserver}, {"hwclient", hwclient}, {"rrbroker", rrbroker}, {"msgqueue", msgqueue},
    {"mtserver", mtserver}, {"rrclient", rrclient}, {"rrworker", rrworker}, {"mtrelay", mtrelay},
    {"shared", shared},     {"not_shared", not_shared}, {NULL, NULL},
};
