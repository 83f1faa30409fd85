/* Clients, queues and workers that outlive each other. Which request a worker fails at is an argument, not chance. */
#include "message.h"

static void *pirate_socket(void *context, const char *endpoint)
{
    const int zero = 0;
    puts("I: connecting to server...");
    void *client = zmq_socket(context, ZMQ_REQ);
    MUST(client && zmq_setsockopt(client, ZMQ_LINGER, &zero, sizeof zero) == 0 && zmq_connect(client, endpoint) == 0);
    return client;
}

/* E2.62, C176: ENDPOINT REQUESTS. Gives up after three tries. */
static void lpclient(char **arguments)
{
    enum { TIMEOUT = 2500, RETRIES = 3 };
    void *context = zmq_init(1), *client = pirate_socket(context, arguments[0]);
    int requests = atoi(arguments[1]), left = RETRIES;
    for (int sequence = 1; sequence <= requests && left; sequence++) {
        char request[20];
        snprintf(request, sizeof request, "%d", sequence);
        s_send(client, request);
        for (int expected = 1; expected;) {
            if (has_mail(client, TIMEOUT)) {
                char *reply = s_recv(client);
                MUST(strcmp(reply, request) == 0);
                printf("I: server replied OK (%s)\n", reply);
                free(reply);
                left = RETRIES;
                expected = 0;
            } else if (--left == 0) {
                puts("E: server seems to be offline, abandoning");
                expected = 0;
            } else {
                puts("W: no response from server, retrying...");
                MUST(zmq_close(client) == 0);
                client = pirate_socket(context, arguments[0]);
                s_send(client, request);
            }
        }
    }
    FINISH(context, client);
}

/* E2.63: ENDPOINT OVERLOAD. Which request it stalls at; at the next it crashes. */
static void lpserver(char **arguments)
{
    void *context = zmq_init(1), *server = bound(context, ZMQ_REP, arguments[0]);
    for (int stalled = 0;;) {
        char *request = s_recv(server);
        if (stalled) {
            puts("I: simulating a crash");
            free(request);
            break;
        }
        if (strcmp(request, arguments[1]) == 0) {
            puts("I: simulating CPU overload");
            stalled = 1;
            work(3000);
        }
        printf("I: normal request (%s)\n", request);
        s_send(server, request);
        free(request);
    }
    FINISH(context, server);
}

enum { MOST = 100 };

/* E2.64, C177: FRONTEND BACKEND */
static void spqueue(char **arguments)
{
    void *context = zmq_init(1);
    void *frontend = bound(context, ZMQ_XREP, arguments[0]), *backend = bound(context, ZMQ_XREP, arguments[1]);
    char *waiting[MOST];
    int available = 0;
    for (;;) {
        zmq_pollitem_t items[] = {{backend, 0, ZMQ_POLLIN, 0}, {frontend, 0, ZMQ_POLLIN, 0}};
        MUST(zmq_poll(items, available ? 2 : 1, -1) > 0);
        if (items[0].revents & ZMQ_POLLIN) {
            zmsg_t *message = zmsg_recv(backend);
            MUST(available < MOST);
            waiting[available++] = zmsg_unwrap(message);
            if (strcmp(zmsg_address(message), "READY") == 0)
                zmsg_destroy(&message);
            else
                zmsg_send(&message, frontend);
        }
        if (items[1].revents & ZMQ_POLLIN) {
            zmsg_t *message = zmsg_recv(frontend);
            zmsg_wrap(message, waiting[0], "");
            zmsg_send(&message, backend);
            free(waiting[0]);
            memmove(&waiting[0], &waiting[1], (MOST - 1) * sizeof waiting[0]);
            available--;
        }
    }
}

/* E2.64: ENDPOINT CRASH */
static void spworker(char **arguments)
{
    void *context = zmq_init(1), *worker = zmq_socket(context, ZMQ_REQ);
    int crash = atoi(arguments[1]);
    char name[10];
    s_set_id(worker, name);
    MUST(zmq_connect(worker, arguments[0]) == 0);
    printf("I: (%s) worker ready\n", name);
    s_send(worker, "READY");
    for (int cycles = 1;; cycles++) {
        zmsg_t *message = zmsg_recv(worker);
        if (cycles == crash) {
            printf("I: (%s) simulating a crash\n", name);
            zmsg_destroy(&message);
            break;
        }
        printf("I: (%s) normal reply - %s\n", name, zmsg_body(message));
        zmsg_send(&message, worker);
    }
    FINISH(context, worker);
}

enum { LIVENESS = 3, INTERVAL = 100 };

struct waiting {
    char *name;
    int64_t expiry;
};

struct queue {
    int size;
    struct waiting workers[MOST];
};

static char *take(struct queue *queue, int index)
{
    char *name = queue->workers[index].name;
    queue->size--;
    memmove(&queue->workers[index], &queue->workers[index + 1], (queue->size - index) * sizeof queue->workers[0]);
    return name;
}

/* Puts a worker at the end, which then lives for some heartbeats. `name` is the queue's from now on. */
static void put(struct queue *queue, char *name)
{
    for (int index = 0; index < queue->size; index++) {
        if (strcmp(queue->workers[index].name, name) == 0) {
            free(take(queue, index));
            break;
        }
    }
    MUST(queue->size < MOST);
    queue->workers[queue->size].name = name;
    queue->workers[queue->size++].expiry = milliseconds_now() + INTERVAL * LIVENESS;
}

/* E2.65, C178: FRONTEND BACKEND */
static void ppqueue(char **arguments)
{
    void *context = zmq_init(1);
    void *frontend = bound(context, ZMQ_XREP, arguments[0]), *backend = bound(context, ZMQ_XREP, arguments[1]);
    struct queue queue = {0};
    int64_t heartbeat_at = milliseconds_now() + INTERVAL;
    for (;;) {
        zmq_pollitem_t items[] = {{backend, 0, ZMQ_POLLIN, 0}, {frontend, 0, ZMQ_POLLIN, 0}};
        MUST(zmq_poll(items, queue.size ? 2 : 1, MILLISECONDS(INTERVAL)) >= 0);
        if (items[0].revents & ZMQ_POLLIN) {
            zmsg_t *message = zmsg_recv(backend);
            put(&queue, zmsg_unwrap(message));
            if (zmsg_parts(message) == 1)
                zmsg_destroy(&message);
            else
                zmsg_send(&message, frontend);
        }
        if (items[1].revents & ZMQ_POLLIN) {
            zmsg_t *message = zmsg_recv(frontend);
            char *name = take(&queue, 0);
            zmsg_wrap(message, name, NULL);
            zmsg_send(&message, backend);
            free(name);
        }
        if (milliseconds_now() > heartbeat_at) {
            for (int index = 0; index < queue.size; index++) {
                s_sendmore(backend, queue.workers[index].name);
                s_send(backend, "HEARTBEAT");
            }
            heartbeat_at = milliseconds_now() + INTERVAL;
        }
        while (queue.size && milliseconds_now() > queue.workers[0].expiry)
            free(take(&queue, 0));
    }
}

static void *pirate_worker(void *context, const char *endpoint, char name[10])
{
    const int zero = 0;
    void *worker = zmq_socket(context, ZMQ_XREQ);
    s_set_id(worker, name);
    MUST(zmq_setsockopt(worker, ZMQ_LINGER, &zero, sizeof zero) == 0 && zmq_connect(worker, endpoint) == 0);
    printf("I: (%s) worker ready\n", name);
    s_send(worker, "READY");
    return worker;
}

/* E2.65: ENDPOINT CRASH */
static void ppworker(char **arguments)
{
    char name[10];
    void *context = zmq_init(1), *worker = pirate_worker(context, arguments[0], name);
    int liveness = LIVENESS, interval = INTERVAL, cycles = 0, crash = atoi(arguments[1]);
    int64_t heartbeat_at = milliseconds_now() + INTERVAL;
    for (;;) {
        if (has_mail(worker, INTERVAL)) {
            zmsg_t *message = zmsg_recv(worker);
            if (zmsg_parts(message) != 3) {
                MUST(strcmp(zmsg_body(message), "HEARTBEAT") == 0);
                zmsg_destroy(&message);
            } else if (++cycles == crash) {
                printf("I: (%s) simulating a crash\n", name);
                zmsg_destroy(&message);
                break;
            } else {
                printf("I: (%s) normal reply - %s\n", name, zmsg_body(message));
                zmsg_send(&message, worker);
            }
            liveness = LIVENESS;
            interval = INTERVAL;
        } else if (--liveness == 0) {
            printf("W: (%s) heartbeat failure, can't reach queue\n", name);
            printf("W: (%s) reconnecting in %d msec...\n", name, interval);
            work(interval);
            interval = interval < 32 * INTERVAL ? 2 * interval : interval;
            MUST(zmq_close(worker) == 0);
            worker = pirate_worker(context, arguments[0], name);
            liveness = LIVENESS;
        }
        if (milliseconds_now() > heartbeat_at) {
            heartbeat_at = milliseconds_now() + INTERVAL;
            printf("I: (%s) worker heartbeat\n", name);
            s_send(worker, "HEARTBEAT");
        }
    }
    FINISH(context, worker);
}

const struct program pirates[] = {
    {"lpclient", lpclient}, {"lpserver", lpserver}, {"spqueue", spqueue}, {"spworker", spworker},
    {"ppqueue", ppqueue},   {"ppworker", ppworker}, {NULL, NULL},
};
