/* Sockets that are told whom to send to. */
#include "two.h"

/* E2.46, C24, C27, C28 */
static void identity(char **arguments)
{
    void *context = zmq_init(1), *sink = bound(context, ZMQ_XREP, "inproc://example");
    void *anonymous = connected(context, ZMQ_REQ, "inproc://example");
    (void)arguments;
    s_send(anonymous, "XREP uses a generated UUID");
    s_dump(sink);
    void *identified = named(context, ZMQ_REQ, "Hello", "inproc://example");
    s_send(identified, "XREP uses REQ's identity");
    s_dump(sink);
    FINISH(context, anonymous, identified, sink);
}

struct dealer {
    void *socket;
    char name;
};

static void *deal(void *argument)
{
    struct dealer *dealer = argument;
    for (int total = 0;; total++) {
        char *request = s_recv(dealer->socket);
        int finished = strcmp(request, "END") == 0;
        free(request);
        if (finished) {
            printf("%c received: %d\n", dealer->name, total);
            return NULL;
        }
    }
}

/* E2.47: tasks for two, one twice as likely as the other. Over inproc the peers are known at once, so that nothing waits. */
static void rtdealer(char **arguments)
{
    void *context = zmq_init(1), *client = bound(context, ZMQ_XREP, "inproc://routing");
    struct dealer dealers[2] = {{named(context, ZMQ_XREQ, "A", "inproc://routing"), 'A'},
                                {named(context, ZMQ_XREQ, "B", "inproc://routing"), 'B'}};
    pthread_t threads[2];
    int sent[2] = {0, 0};
    (void)arguments;
    for (int index = 0; index < 2; index++)
        threads[index] = start(deal, &dealers[index]);
    for (int number = 0; number < 10; number++) {
        int to = below(3) > 0 ? 0 : 1;
        sent[to]++;
        s_sendmore(client, to ? "B" : "A");
        s_send(client, "This is the workload");
    }
    /* To nobody: dropped in silence. */
    s_sendmore(client, "C");
    s_send(client, "This is the workload");
    for (int index = 0; index < 2; index++) {
        s_sendmore(client, index ? "B" : "A");
        s_send(client, "END");
    }
    for (int index = 0; index < 2; index++)
        join(threads[index]);
    printf("sent %d and %d\n", sent[0], sent[1]);
    FINISH(context, client, dealers[0].socket, dealers[1].socket);
}

struct mama {
    void *context;
    const char *endpoint;
};

static void *obey(void *argument)
{
    struct mama *mama = argument;
    void *worker = zmq_socket(mama->context, ZMQ_REQ);
    char name[10];
    s_set_id(worker, name);
    MUST(zmq_connect(worker, mama->endpoint) == 0);
    for (int total = 0;; total++) {
        s_send(worker, "ready");
        char *workload = s_recv(worker);
        int finished = strcmp(workload, "END") == 0;
        free(workload);
        if (finished) {
            printf("Processed: %d tasks\n", total);
            MUST(zmq_close(worker) == 0);
            return NULL;
        }
        work(below(3) + 1);
    }
}

/* E2.48, C36, C41: ENDPOINT. Who is ready gets the next task. */
static void rtmama(char **arguments)
{
    enum { WORKERS = 10 };
    void *context = zmq_init(1), *client = bound(context, ZMQ_XREP, arguments[0]);
    struct mama mama = {context, arguments[0]};
    pthread_t threads[WORKERS];
    for (int index = 0; index < WORKERS; index++)
        threads[index] = start(obey, &mama);
    for (int number = 0; number < WORKERS * 11; number++) {
        char *address = s_recv(client);
        s_expect(client, "");
        s_expect(client, "ready");
        s_sendmore(client, address);
        s_sendmore(client, "");
        s_send(client, number < WORKERS * 10 ? "This is the workload" : "END");
        free(address);
    }
    for (int index = 0; index < WORKERS; index++)
        join(threads[index]);
    FINISH(context, client);
}

/* E2.49, C35: ENDPOINT. A REP gives back the whole stack of addresses. Sent until the two have met. */
static void rtpapa(char **arguments)
{
    void *context = zmq_init(1), *client = bound(context, ZMQ_XREP, arguments[0]);
    void *worker = named(context, ZMQ_REP, "A", arguments[0]);
    do {
        const char *parts[] = {"A", "address 3", "address 2", "address 1", ""};
        for (int index = 0; index < 5; index++)
            s_sendmore(client, parts[index]);
        s_send(client, "This is the workload");
    } while (!has_mail(worker, 5));
    s_dump(worker);
    s_send(worker, "This is the reply");
    s_dump(client);
    FINISH(context, client, worker);
}

/* E2.58, C38: ENDPOINT. Two that know each other's names. Sent until they have met. */
static void rtrouter(char **arguments)
{
    void *context = zmq_init(1), *worker = zmq_socket(context, ZMQ_XREP);
    MUST(zmq_setsockopt(worker, ZMQ_IDENTITY, "WORKER", 6) == 0);
    bind_and_tell(worker, arguments[0]);
    void *server = named(context, ZMQ_XREP, "SERVER", arguments[0]);
    do {
        s_sendmore(server, "WORKER");
        s_sendmore(server, "");
        s_send(server, "send to worker");
    } while (!has_mail(worker, 5));
    s_dump(worker);
    s_sendmore(worker, "SERVER");
    s_sendmore(worker, "");
    s_send(worker, "send to server");
    s_dump(server);
    FINISH(context, worker, server);
}

const struct program routing[] = {
    {"identity", identity}, {"rtdealer", rtdealer}, {"rtmama", rtmama},
    {"rtpapa", rtpapa},     {"rtrouter", rtrouter}, {NULL, NULL},
};
