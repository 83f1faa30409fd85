/* Brokers that give work to who has waited longest, and a server that answers when it likes. */
#include "message.h"

enum { CLIENTS = 10, WORKERS = 3 };

struct place {
    void *context;
    const char *endpoint;
};

static void *ask_once(void *argument)
{
    struct place *place = argument;
    void *client = zmq_socket(place->context, ZMQ_REQ);
    char name[10];
    s_set_id(client, name);
    MUST(zmq_connect(client, place->endpoint) == 0);
    s_send(client, "HELLO");
    char *reply = s_recv(client);
    printf("Client: %s\n", reply);
    free(reply);
    MUST(zmq_close(client) == 0);
    return NULL;
}

static void *ready(struct place *place)
{
    void *worker = zmq_socket(place->context, ZMQ_REQ);
    char name[10];
    s_set_id(worker, name);
    MUST(zmq_connect(worker, place->endpoint) == 0);
    s_send(worker, "READY");
    return worker;
}

/* E2.50: by strings. */
static void *by_strings(void *argument)
{
    void *worker = ready(argument);
    for (char *address; (address = s_recv(worker)) != NULL; free(address)) {
        s_expect(worker, "");
        char *request = s_recv(worker);
        printf("Worker: %s\n", request);
        free(request);
        s_sendmore(worker, address);
        s_sendmore(worker, "");
        s_send(worker, "OK");
    }
    MUST(zmq_close(worker) == 0);
    return NULL;
}

/* E2.51: by frames. */
static void *by_frames(void *argument)
{
    void *worker = ready(argument);
    for (;;) {
        zmq_msg_t frames[3];
        for (int index = 0; index < 3; index++) {
            zmq_msg_init(&frames[index]);
            if (zmq_recv(worker, &frames[index], 0) != 0) {
                MUST(index == 0 && errno == ETERM && zmq_close(worker) == 0);
                return NULL;
            }
        }
        printf("Worker: %.*s\n", (int)zmq_msg_size(&frames[2]), (char *)zmq_msg_data(&frames[2]));
        zmq_msg_close(&frames[2]);
        zmq_msg_init_size(&frames[2], 2);
        memcpy(zmq_msg_data(&frames[2]), "OK", 2);
        for (int index = 0; index < 3; index++) {
            MUST(zmq_send(worker, &frames[index], index < 2 ? ZMQ_SNDMORE : 0) == 0);
            zmq_msg_close(&frames[index]);
        }
    }
}

/* E2.51, E2.56: by messages. */
static void *by_messages(void *argument)
{
    void *worker = ready(argument);
    while (has_mail(worker, WAIT_FOR_EVER)) {
        zmsg_t *message = zmsg_recv(worker);
        if (strcmp(zmsg_body(message), "END") == 0) {
            zmsg_destroy(&message);
            break;
        }
        printf("Worker: %s\n", zmsg_body(message));
        zmsg_body_set(message, "OK");
        zmsg_send(&message, worker);
    }
    MUST(zmq_close(worker) == 0);
    return NULL;
}

/* Reads clients only while there is somebody to work for them: C39, C40. */
static void serve(void *frontend, void *backend, int tells)
{
    char *waiting[WORKERS];
    int available = 0;
    for (int replies = 0; replies < CLIENTS || available < WORKERS;) {
        zmq_pollitem_t items[] = {{backend, 0, ZMQ_POLLIN, 0}, {frontend, 0, ZMQ_POLLIN, 0}};
        MUST(zmq_poll(items, available ? 2 : 1, -1) > 0);
        if (items[0].revents & ZMQ_POLLIN) {
            zmsg_t *message = zmsg_recv(backend);
            MUST(available < WORKERS);
            waiting[available++] = zmsg_unwrap(message);
            if (strcmp(zmsg_address(message), "READY") == 0) {
                zmsg_destroy(&message);
            } else {
                zmsg_send(&message, frontend);
                replies++;
            }
        }
        if (available && (items[1].revents & ZMQ_POLLIN)) {
            zmsg_t *message = zmsg_recv(frontend);
            zmsg_wrap(message, waiting[0], "");
            zmsg_send(&message, backend);
            free(waiting[0]);
            memmove(&waiting[0], &waiting[1], (WORKERS - 1) * sizeof waiting[0]);
            available--;
        }
    }
    while (available--) {
        if (tells) {
            s_sendmore(backend, waiting[available]);
            s_sendmore(backend, "");
            s_send(backend, "END");
        }
        free(waiting[available]);
    }
}

static void lru(char **arguments, void *(*workers)(void *))
{
    void *context = zmq_init(1);
    void *frontend = bound(context, ZMQ_XREP, arguments[0]), *backend = bound(context, ZMQ_XREP, arguments[1]);
    struct place front = {context, arguments[0]}, back = {context, arguments[1]};
    pthread_t threads[CLIENTS + WORKERS];
    for (int index = 0; index < CLIENTS + WORKERS; index++)
        threads[index] = index < CLIENTS ? start(ask_once, &front) : start(workers, &back);
    serve(frontend, backend, workers == by_messages);
    /* Those that are told to end do so before the context; the others are ended by it. */
    int told = workers == by_messages ? CLIENTS + WORKERS : CLIENTS;
    for (int index = 0; index < told; index++)
        join(threads[index]);
    FINISH(context, frontend, backend);
    for (int index = told; index < CLIENTS + WORKERS; index++)
        join(threads[index]);
}

static void lruqueue(char **arguments)
{
    lru(arguments, by_strings);
}

static void lruframes(char **arguments)
{
    lru(arguments, by_frames);
}

static void lruqueue2(char **arguments)
{
    lru(arguments, by_messages);
}

/* E2.52 to E2.55: ENDPOINT. The class, which makes strings of generated addresses. */
static void zmsg_test(char **arguments)
{
    void *context = zmq_init(1), *output = bound(context, ZMQ_XREQ, arguments[0]);
    void *input = connected(context, ZMQ_XREP, arguments[0]);
    zmsg_t *message = zmsg_new("Hello");
    zmsg_send(&message, output);
    MUST(message == NULL);
    message = zmsg_recv(input);
    MUST(zmsg_parts(message) == 2 && strcmp(zmsg_body(message), "Hello") == 0);
    MUST(message->size[0] == 33 && message->part[0][0] == '@');
    zmsg_destroy(&message);
    message = zmsg_new("Hello");
    zmsg_wrap(message, "address1", "");
    zmsg_wrap(message, "address2", NULL);
    zmsg_send(&message, output);
    message = zmsg_recv(input);
    MUST(zmsg_parts(message) == 5);
    zmsg_t *copy = zmsg_dup(message);
    MUST(zmsg_parts(copy) == 5);
    zmsg_destroy(&copy);
    zmsg_body_fmt(message, "%c%s", 'W', "orld");
    zmsg_send(&message, input);
    message = zmsg_recv(output);
    const char *addresses[] = {"address2", "address1"};
    for (int index = 0; index < 2; index++) {
        char *address = zmsg_unwrap(message);
        MUST(strcmp(address, addresses[index]) == 0);
        free(address);
    }
    char *body = zmsg_pop(message);
    MUST(strcmp(body, "World") == 0 && zmsg_parts(message) == 0);
    free(body);
    zmsg_destroy(&message);
    puts(" * zmsg: OK");
    FINISH(context, output, input);
}

static void *answer_often(void *context)
{
    void *worker = connected(context, ZMQ_XREQ, "inproc://backend");
    for (;;) {
        zmsg_t *message = zmsg_recv(worker);
        MUST(zmsg_parts(message) == 2);
        for (int replies = below(5); replies > 0; replies--) {
            work(below(5) + 1);
            zmsg_t *copy = zmsg_dup(message);
            zmsg_send(&copy, worker);
        }
        zmsg_destroy(&message);
    }
    return NULL;
}

static void *async_server(void *endpoint)
{
    void *context = zmq_init(1), *frontend = bound(context, ZMQ_XREP, endpoint);
    void *backend = bound(context, ZMQ_XREQ, "inproc://backend");
    for (int index = 0; index < 5; index++)
        start(answer_often, context);
    zmq_pollitem_t items[] = {{frontend, 0, ZMQ_POLLIN, 0}, {backend, 0, ZMQ_POLLIN, 0}};
    for (;;) {
        MUST(zmq_poll(items, 2, -1) > 0);
        if (items[0].revents & ZMQ_POLLIN)
            pass_on(frontend, backend);
        if (items[1].revents & ZMQ_POLLIN)
            pass_on(backend, frontend);
    }
    return NULL;
}

static void *async_client(void *endpoint)
{
    void *context = zmq_init(1), *client = zmq_socket(context, ZMQ_XREQ);
    char name[10];
    int replies = 0;
    s_set_id(client, name);
    MUST(zmq_connect(client, endpoint) == 0);
    for (int number = 1; replies < 5; number++) {
        zmsg_t *request = zmsg_new(NULL);
        zmsg_body_fmt(request, "request #%d", number);
        zmsg_send(&request, client);
        for (int tick = 0; tick < 10; tick++) {
            if (has_mail(client, 1)) {
                zmsg_t *reply = zmsg_recv(client);
                printf("%s: %s\n", name, zmsg_body(reply));
                zmsg_destroy(&reply);
                replies++;
            }
        }
    }
    const int zero = 0;
    zmq_setsockopt(client, ZMQ_LINGER, &zero, sizeof zero);
    FINISH(context, client);
    return NULL;
}

/* E2.57, C201: ENDPOINT. The server is there until the process ends. */
static void asyncsrv(char **arguments)
{
    pthread_t clients[3];
    for (int index = 0; index < 3; index++)
        clients[index] = start(async_client, arguments[0]);
    start(async_server, arguments[0]);
    for (int index = 0; index < 3; index++)
        join(clients[index]);
    puts("all clients were answered");
}

const struct program queues[] = {
    {"lruqueue", lruqueue},   {"lruframes", lruframes}, {"lruqueue2", lruqueue2},
    {"zmsg_test", zmsg_test}, {"asyncsrv", asyncsrv},   {NULL, NULL},
};
