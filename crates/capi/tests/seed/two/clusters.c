/* Clusters of clients, workers and a broker, which pass on to each other what is too much for one. */
#include "message.h"

/* E2.59, C199: BASE NAME PEERS... Each tells the others how many workers it has free. */
static void peering1(char **arguments)
{
    void *context = zmq_init(1), *backend = zmq_socket(context, ZMQ_PUB), *frontend = zmq_socket(context, ZMQ_SUB);
    const char *base = arguments[0], *self = arguments[1];
    char endpoint[256];
    printf("I: preparing broker at %s...\n", self);
    snprintf(endpoint, sizeof endpoint, "%s%s-state.ipc", base, self);
    MUST(zmq_bind(backend, endpoint) == 0 && zmq_setsockopt(frontend, ZMQ_SUBSCRIBE, "", 0) == 0);
    for (char **peer = arguments + 2; *peer; peer++) {
        snprintf(endpoint, sizeof endpoint, "%s%s-state.ipc", base, *peer);
        MUST(zmq_connect(frontend, endpoint) == 0);
    }
    for (;;) {
        if (has_mail(frontend, 20)) {
            zmsg_t *message = zmsg_recv(frontend);
            printf("%s - %s workers free\n", zmsg_address(message), zmsg_body(message));
            zmsg_destroy(&message);
        } else {
            char free_workers[20];
            snprintf(free_workers, sizeof free_workers, "%d", below(10));
            s_sendmore(backend, self);
            s_send(backend, free_workers);
        }
    }
}

enum { CLIENTS = 4, TASKS = 10, MOST = 8, KEPT = 64 };

struct cluster {
    void *context;
    const char *name;
    char **peers;
    int workers, by_state, patience;
    void *cloud_front, *cloud_back, *local_front, *local_back, *state_front, *state_back, *monitor;
    char *waiting[MOST];
    int capacity, cloud_capacity, routed;
    /* Of peers, and not yet given to a worker. */
    zmsg_t *requests[KEPT];
    int kept;
};

static void *cluster_client(void *argument)
{
    struct cluster *cluster = argument;
    void *client = connected(cluster->context, ZMQ_REQ, "inproc://localfe");
    void *monitor = connected(cluster->context, ZMQ_PUSH, "inproc://monitor");
    for (int number = 0; number < TASKS; number++) {
        char task[20], line[80];
        snprintf(task, sizeof task, "%04X", below(0x10000) & 0xffff);
        s_send(client, task);
        if (!has_mail(client, cluster->patience)) {
            snprintf(line, sizeof line, "E: CLIENT EXIT - lost task %s", task);
            s_send(monitor, line);
            return NULL;
        }
        char *reply = s_recv(client);
        MUST(strncmp(reply, task, 4) == 0);
        snprintf(line, sizeof line, "I: client status: OK - %s", reply + 4);
        s_send(monitor, line);
        free(reply);
    }
    return NULL;
}

static void *cluster_worker(void *argument)
{
    struct cluster *cluster = argument;
    void *worker = connected(cluster->context, ZMQ_REQ, "inproc://localbe");
    s_send(worker, "READY");
    for (;;) {
        zmsg_t *message = zmsg_recv(worker);
        work(1);
        /* The task, and where it was done. */
        zmsg_body_fmt(message, "%.4s done at %s", zmsg_body(message), cluster->name);
        zmsg_send(&message, worker);
    }
    return NULL;
}

/* Sockets of a kind for a broker: bound under its name, and connected to all its peers. */
static void *cloud_socket(struct cluster *cluster, int type, const char *base, const char *kind, int binds)
{
    void *socket = zmq_socket(cluster->context, type);
    char endpoint[256];
    if (type == ZMQ_XREP)
        MUST(zmq_setsockopt(socket, ZMQ_IDENTITY, cluster->name, strlen(cluster->name)) == 0);
    if (type == ZMQ_SUB)
        MUST(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) == 0);
    if (binds) {
        snprintf(endpoint, sizeof endpoint, "%s%s-%s.ipc", base, cluster->name, kind);
        MUST(zmq_bind(socket, endpoint) == 0);
    }
    for (char **peer = cluster->peers; !binds && *peer; peer++) {
        snprintf(endpoint, sizeof endpoint, "%s%s-%s.ipc", base, *peer, kind);
        MUST(zmq_connect(socket, endpoint) == 0);
    }
    return socket;
}

/* A greeting of a peer's broker is answered; so both know that their routers know each other. */
static int is_greeting(struct cluster *cluster, zmsg_t *message)
{
    if (zmsg_parts(message) != 2 || strcmp(zmsg_body(message), "HELLO") != 0)
        return zmsg_parts(message) == 2 && strcmp(zmsg_body(message), "WELCOME") == 0;
    s_sendmore(cluster->cloud_front, zmsg_address(message));
    s_send(cluster->cloud_front, "WELCOME");
    return 1;
}

/* Answers a greeting, or keeps a request until a worker has time for it. */
static void hear_peer(struct cluster *cluster)
{
    zmsg_t *message = zmsg_recv(cluster->cloud_front);
    if (is_greeting(cluster, message)) {
        zmsg_destroy(&message);
    } else {
        MUST(cluster->kept < KEPT);
        cluster->requests[cluster->kept++] = message;
    }
}

/* In place of the Enter key: greets each peer until it is welcome there. */
static void greet(struct cluster *cluster)
{
    for (char **peer = cluster->peers; *peer;) {
        zmq_pollitem_t items[] = {{cluster->cloud_front, 0, ZMQ_POLLIN, 0}, {cluster->cloud_back, 0, ZMQ_POLLIN, 0}};
        s_sendmore(cluster->cloud_back, *peer);
        s_send(cluster->cloud_back, "HELLO");
        MUST(zmq_poll(items, 2, MILLISECONDS(5)) >= 0);
        if (items[0].revents)
            hear_peer(cluster);
        if (items[1].revents) {
            zmsg_t *message = zmsg_recv(cluster->cloud_back);
            MUST(is_greeting(cluster, message));
            peer += strcmp(zmsg_address(message), *peer) == 0;
            zmsg_destroy(&message);
        }
    }
}

/* Sends a request to who is to do it; nobody may be there. */
static void route(struct cluster *cluster, zmsg_t *message, int from_here)
{
    int has_peers = cluster->peers[0] != NULL;
    int away = from_here && has_peers && (cluster->by_state ? !cluster->capacity : ++cluster->routed % 5 == 0);
    if (away) {
        printf("I: route request %s to cloud...\n", zmsg_body(message));
        zmsg_wrap(message, cluster->peers[0], NULL);
        zmsg_send(&message, cluster->cloud_back);
        return;
    }
    char *worker = cluster->waiting[0];
    cluster->capacity--;
    memmove(&cluster->waiting[0], &cluster->waiting[1], cluster->capacity * sizeof cluster->waiting[0]);
    zmsg_wrap(message, worker, "");
    zmsg_send(&message, cluster->local_back);
    free(worker);
}

/* Gives a reply to who asked: a peer's broker, or a client. */
static void give_back(struct cluster *cluster, zmsg_t *message)
{
    for (char **peer = cluster->peers; *peer; peer++) {
        if (strcmp(zmsg_address(message), *peer) == 0) {
            zmsg_send(&message, cluster->cloud_front);
            return;
        }
    }
    zmsg_send(&message, cluster->local_front);
}

static void broker(struct cluster *cluster)
{
    for (int told = -1;;) {
        zmq_pollitem_t items[] = {{cluster->local_back, 0, ZMQ_POLLIN, 0}, {cluster->cloud_back, 0, ZMQ_POLLIN, 0},
                                  {cluster->state_front, 0, ZMQ_POLLIN, 0}, {cluster->monitor, 0, ZMQ_POLLIN, 0},
                                  {cluster->cloud_front, 0, ZMQ_POLLIN, 0}, {cluster->local_front, 0, ZMQ_POLLIN, 0}};
        /* Clients are heard while somebody can work for them. */
        int somewhere = cluster->capacity || (cluster->by_state && cluster->cloud_capacity);
        int ready = zmq_poll(items, somewhere ? 6 : 5, MILLISECONDS(20));
        MUST(ready >= 0);
        /* Now and then the state is told anew: who was not there yet has missed it. */
        if (ready == 0)
            told = -1;
        if (items[0].revents) {
            zmsg_t *message = zmsg_recv(cluster->local_back);
            MUST(cluster->capacity < MOST);
            cluster->waiting[cluster->capacity++] = zmsg_unwrap(message);
            if (strcmp(zmsg_address(message), "READY") == 0)
                zmsg_destroy(&message);
            else
                give_back(cluster, message);
        }
        if (items[1].revents) {
            zmsg_t *message = zmsg_recv(cluster->cloud_back);
            if (is_greeting(cluster, message)) {
                zmsg_destroy(&message);
            } else {
                free(zmsg_unwrap(message));
                give_back(cluster, message);
            }
        }
        if (items[2].revents) {
            zmsg_t *message = zmsg_recv(cluster->state_front);
            cluster->cloud_capacity = atoi(zmsg_body(message));
            zmsg_destroy(&message);
        }
        if (items[3].revents) {
            char *line = s_recv(cluster->monitor);
            puts(line);
            free(line);
        }
        if (items[4].revents)
            hear_peer(cluster);
        if (cluster->kept && cluster->capacity)
            route(cluster, cluster->requests[--cluster->kept], 0);
        if (items[5].revents && (cluster->capacity || (cluster->by_state && cluster->cloud_capacity)))
            route(cluster, zmsg_recv(cluster->local_front), 1);
        if (cluster->capacity != told) {
            char text[20];
            told = cluster->capacity;
            snprintf(text, sizeof text, "%d", told);
            s_sendmore(cluster->state_back, cluster->name);
            s_send(cluster->state_back, text);
        }
    }
}

static void run(char **arguments, int by_state, int patience)
{
    struct cluster cluster = {.name = arguments[1], .workers = atoi(arguments[2]), .peers = arguments + 3};
    const char *base = arguments[0];
    cluster.context = zmq_init(1);
    cluster.by_state = by_state;
    cluster.patience = patience;
    printf("I: preparing broker at %s...\n", cluster.name);
    cluster.cloud_front = cloud_socket(&cluster, ZMQ_XREP, base, "cloud", 1);
    cluster.state_back = cloud_socket(&cluster, ZMQ_PUB, base, "state", 1);
    cluster.cloud_back = cloud_socket(&cluster, ZMQ_XREP, base, "cloud", 0);
    cluster.state_front = cloud_socket(&cluster, ZMQ_SUB, base, "state", 0);
    cluster.local_front = bound(cluster.context, ZMQ_XREP, "inproc://localfe");
    cluster.local_back = bound(cluster.context, ZMQ_XREP, "inproc://localbe");
    cluster.monitor = bound(cluster.context, ZMQ_PULL, "inproc://monitor");
    greet(&cluster);
    for (int index = 0; index < cluster.workers; index++)
        start(cluster_worker, &cluster);
    for (int index = 0; index < CLIENTS; index++)
        start(cluster_client, &cluster);
    broker(&cluster);
}

/* E2.60: BASE NAME WORKERS PEERS... Every fifth request goes to a peer. */
static void peering2(char **arguments)
{
    run(arguments, 0, WAIT_FOR_EVER);
}

/* E2.61, C198, C200: BASE NAME WORKERS PEERS... What no worker here is free for goes to a peer that has some. */
static void peering3(char **arguments)
{
    run(arguments, 1, WAIT_FOR_EVER);
}

/* E2.61: the same, with clients who do not wait long. */
static void impatient(char **arguments)
{
    run(arguments, 1, 100);
}

const struct program clusters[] = {
    {"peering1", peering1}, {"peering2", peering2}, {"peering3", peering3}, {"impatient", impatient}, {NULL, NULL},
};
