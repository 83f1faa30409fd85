/* Single calls, as the introductions explain them. */
#include "two.h"

/* E2.6 */
static void version(char **arguments)
{
    int major, minor, patch;
    (void)arguments;
    zmq_version(&major, &minor, &patch);
    printf("Current 0MQ version is %d.%d.%d\n", major, minor, patch);
}

/* E2.4, E2.5, C85: strings have a length and no end on the wire; the receiver gives them one. */
static void helpers(char **arguments)
{
    void *context = zmq_init(1), *one = bound(context, ZMQ_PAIR, "inproc://helpers");
    void *two = connected(context, ZMQ_PAIR, "inproc://helpers");
    char name[10];
    (void)arguments;
    s_set_id(one, name);
    MUST(strlen(name) == 9 && name[4] == '-');
    s_sendmore(one, "Hello");
    s_send(one, "\1\2");
    s_dump(two);
    s_send(two, "back");
    s_expect(one, "back");
    FINISH(context, one, two);
}

/* E2.16, E2.43, C163 to C165: ENDPOINT. The life of a socket: made, told, connected, used, closed. */
static void mousetrap(char **arguments)
{
    void *context = zmq_init(1), *house = bound(context, ZMQ_PUSH, arguments[0]);
    void *mousetrap = zmq_socket(context, ZMQ_PULL);
    int64_t jaw_size = 10000;
    uint64_t hwm = 1;
    size_t size = sizeof hwm;
    MUST(zmq_getsockopt(mousetrap, ZMQ_HWM, &hwm, &size) == 0 && hwm == 0);
    MUST(zmq_setsockopt(mousetrap, ZMQ_HWM, &jaw_size, sizeof jaw_size) == 0);
    MUST(zmq_getsockopt(mousetrap, ZMQ_HWM, &hwm, &size) == 0 && hwm == 10000);
    MUST(zmq_connect(mousetrap, last_endpoint(house)) == 0);
    s_send(house, "mouse");
    zmq_msg_t mouse;
    MUST(zmq_msg_init(&mouse) == 0 && zmq_recv(mousetrap, &mouse, 0) == 0);
    printf("caught a %.*s\n", (int)zmq_msg_size(&mouse), (char *)zmq_msg_data(&mouse));
    MUST(zmq_msg_close(&mouse) == 0);
    FINISH(context, mousetrap, house);
}

/* E2.43, C166: over inproc the limit is that of both ends together. */
static void limits(char **arguments)
{
    void *context = zmq_init(1), *receiver = zmq_socket(context, ZMQ_PULL), *sender = zmq_socket(context, ZMQ_PUSH);
    uint64_t ten = 10, twenty = 20;
    int accepted = 0;
    (void)arguments;
    MUST(zmq_setsockopt(receiver, ZMQ_HWM, &ten, sizeof ten) == 0);
    MUST(zmq_setsockopt(sender, ZMQ_HWM, &twenty, sizeof twenty) == 0);
    MUST(zmq_bind(receiver, "inproc://limits") == 0 && zmq_connect(sender, "inproc://limits") == 0);
    for (;; accepted++) {
        zmq_msg_t message;
        zmq_msg_init_size(&message, 1);
        int rc = zmq_send(sender, &message, ZMQ_NOBLOCK);
        zmq_msg_close(&message);
        if (rc != 0)
            break;
    }
    MUST(errno == EAGAIN);
    printf("%d were accepted\n", accepted);
    FINISH(context, sender, receiver);
}

/* E2.44, C170, and the numbers of options that are gone. */
static void swap(char **arguments)
{
    void *context = zmq_init(1), *publisher = zmq_socket(context, ZMQ_PUB);
    uint64_t octets = 25000000;
    (void)arguments;
    FAILS(zmq_setsockopt(publisher, ZMQ_SWAP, &octets, sizeof octets), EINVAL);
    puts("no swap");
    FINISH(context, publisher);
}

/* E2.17: ONE TWO THREE */
static void multi_bind(char **arguments)
{
    void *context = zmq_init(1), *server = zmq_socket(context, ZMQ_REP), *clients[3];
    for (int index = 0; index < 3; index++) {
        bind_and_tell(server, arguments[index]);
        clients[index] = connected(context, ZMQ_REQ, last_endpoint(server));
    }
    for (int index = 0; index < 3; index++) {
        s_send(clients[index], "Hello");
        s_expect(server, "Hello");
        s_send(server, "World");
        s_expect(clients[index], "World");
        printf("served at %d\n", index);
    }
    FINISH(context, server, clients[0], clients[1], clients[2]);
}

static void *wait_for_ever(void *socket)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    FAILS(zmq_recv(socket, &message, 0), ETERM);
    zmq_msg_close(&message);
    MUST(zmq_close(socket) == 0);
    return NULL;
}

/* E2.18, E2.21, C132, C154, C155: what calls answer. */
static void answers(char **arguments)
{
    void *context = zmq_init(1), *socket = zmq_socket(context, ZMQ_REP), *waiting = zmq_socket(context, ZMQ_PULL);
    zmq_msg_t message;
    MUST(context && socket && waiting);
    bind_and_tell(socket, arguments[0]);
    zmq_msg_init(&message);
    FAILS(zmq_recv(socket, &message, ZMQ_NOBLOCK), EAGAIN);
    FAILS(zmq_send(socket, &message, 0), EFSM);
    zmq_msg_close(&message);
    MUST(zmq_init(-1) == NULL && errno == EINVAL);
    MUST(zmq_close(socket) == 0);
    pthread_t thread = start(wait_for_ever, waiting);
    MUST(zmq_term(context) == 0);
    join(thread);
    puts("as told");
}

static int freed;

static void count_free(void *data, void *hint)
{
    MUST(hint == &freed);
    free(data);
    __atomic_add_fetch(&freed, 1, __ATOMIC_SEQ_CST);
}

/* E2.37, C98: the octets are the program's until they are freed, once, by whichever thread. */
static void zero_copy(char **arguments)
{
    void *context = zmq_init(1), *receiver = bound(context, ZMQ_PULL, arguments[0]);
    void *sender = connected(context, ZMQ_PUSH, last_endpoint(receiver));
    zmq_msg_t message;
    MUST(zmq_msg_init_data(&message, calloc(1, 1000), 1000, count_free, &freed) == 0);
    MUST(zmq_send(sender, &message, 0) == 0 && zmq_msg_close(&message) == 0);
    zmq_msg_init(&message);
    MUST(zmq_recv(receiver, &message, 0) == 0 && zmq_msg_size(&message) == 1000 && zmq_msg_close(&message) == 0);
    FINISH(context, sender, receiver);
    printf("freed %d times\n", __atomic_load_n(&freed, __ATOMIC_SEQ_CST));
}

/* E2.38, C28, C30: a name is what a ROUTER sees; not empty, not too long, not with a zero before it. */
static void lucy(char **arguments)
{
    void *context = zmq_init(1), *router = bound(context, ZMQ_XREP, arguments[0]), *socket = zmq_socket(context, ZMQ_XREQ);
    char many[256] = {'x'};
    MUST(zmq_setsockopt(socket, ZMQ_IDENTITY, "Lucy", 4) == 0);
    FAILS(zmq_setsockopt(socket, ZMQ_IDENTITY, "", 0), EINVAL);
    FAILS(zmq_setsockopt(socket, ZMQ_IDENTITY, many, 256), EINVAL);
    MUST(zmq_connect(socket, last_endpoint(router)) == 0);
    s_send(socket, "in the sky");
    s_dump(router);
    FINISH(context, socket, router);
}

const struct program calls[] = {
    {"version", version},       {"helpers", helpers}, {"mousetrap", mousetrap}, {"limits", limits},
    {"swap", swap},             {"answers", answers}, {"zero_copy", zero_copy}, {"lucy", lucy},
    {"multi_bind", multi_bind}, {NULL, NULL},
};
