/* Calls every function of the library at least once, with what is right and with what is wrong, over inproc, ipc and tcp.
 * Its test runs it under valgrind: no error, nothing lost. */
#define ZMQ_BUILD_DRAFT_API
#include "zmq.h"
#include "zmq_utils.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s (errno %d: %s)\n", __FILE__, __LINE__, #condition, zmq_errno(),                          \
                   zmq_strerror(zmq_errno()));                                                                         \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)
#define FAILS(call, number) MUST((call) == -1 && zmq_errno() == (number))

static void *context;

static void *open_socket(int type)
{
    const int zero = 0;
    void *socket = zmq_socket(context, type);
    MUST(socket != NULL);
    MUST(zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) == 0);
    return socket;
}

static const char *last_endpoint(void *socket)
{
    static char endpoint[256];
    size_t size = sizeof endpoint;
    MUST(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    return endpoint;
}

/* Two sockets that are connected over a transport. */
static void pair_of(int here, int there, const char *endpoint, void **bound, void **connected)
{
    *bound = open_socket(here);
    *connected = open_socket(there);
    MUST(zmq_bind(*bound, endpoint) == 0);
    MUST(zmq_connect(*connected, last_endpoint(*bound)) == 0);
}

static void send_text(void *socket, const char *text, int flags)
{
    MUST(zmq_send(socket, text, strlen(text), flags) == (int)strlen(text));
}

static void recv_text(void *socket, const char *text)
{
    char buffer[64] = {0};
    MUST(zmq_recv(socket, buffer, sizeof buffer, 0) == (int)strlen(text));
    MUST(strcmp(buffer, text) == 0);
}

/* ---- */

static void the_library(void)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    MUST(ZMQ_MAKE_VERSION(major, minor, patch) == ZMQ_VERSION);
    MUST(zmq_has("ipc") == 1 && zmq_has("pgm") == 0);
    MUST(strcmp(zmq_strerror(ETERM), zmq_strerror(EFSM)) != 0);
}

static int freed;

static void count_free(void *data, void *hint)
{
    freed += 1;
    MUST(hint == &freed);
    free(data);
}

static void messages(void)
{
    zmq_msg_t one, two;
    char *data = malloc(100000);
    memset(data, 'x', 100000);
    MUST(zmq_msg_init(&one) == 0 && zmq_msg_size(&one) == 0 && zmq_msg_more(&one) == 0);
    MUST(zmq_msg_close(&one) == 0);
    FAILS(zmq_msg_close(&one), EFAULT);
    MUST(zmq_msg_init_size(&one, 10) == 0);
    memcpy(zmq_msg_data(&one), "0123456789", 10);
    MUST(zmq_msg_init(&two) == 0 && zmq_msg_copy(&two, &one) == 0);
    MUST(memcmp(zmq_msg_data(&two), "0123456789", 10) == 0);
    MUST(zmq_msg_move(&one, &two) == 0 && zmq_msg_size(&two) == 0);
    MUST(zmq_msg_close(&one) == 0);
    MUST(zmq_msg_init_data(&one, data, 100000, count_free, &freed) == 0);
    MUST(zmq_msg_copy(&two, &one) == 0 && zmq_msg_get(&two, ZMQ_SHARED) == 1);
    MUST(zmq_msg_data(&two) == zmq_msg_data(&one));
    MUST(zmq_msg_close(&one) == 0 && freed == 0);
    MUST(zmq_msg_close(&two) == 0 && freed == 1);
    MUST(zmq_msg_init_buffer(&one, "abc", 3) == 0);
    FAILS(zmq_msg_set(&one, ZMQ_MORE, 1), EINVAL);
    FAILS(zmq_msg_get(&one, 99), EINVAL);
    MUST(zmq_msg_gets(&one, "X-none") == NULL);
    MUST(zmq_msg_set_routing_id(&one, 7) == 0 && zmq_msg_routing_id(&one) == 7);
    MUST(zmq_msg_set_group(&one, "a group with a name that is longer than most") == 0);
    MUST(zmq_msg_set_group(&one, "another group with a name that is longer than most") == 0);
    MUST(strncmp(zmq_msg_group(&one), "another", 7) == 0);
    MUST(zmq_msg_close(&one) == 0);
}

static void contexts(void)
{
    int number = 0;
    size_t size = sizeof number;
    void *other = zmq_init(1);
    MUST(zmq_ctx_get(other, ZMQ_IO_THREADS) == 1);
    MUST(zmq_ctx_set(other, ZMQ_MAX_SOCKETS, 1) == 0);
    MUST(zmq_ctx_set_ext(other, ZMQ_THREAD_NAME_PREFIX, "prefix", 6) == 0);
    MUST(zmq_ctx_get_ext(other, ZMQ_MAX_SOCKETS, &number, &size) == 0 && number == 1);
    void *socket = zmq_socket(other, ZMQ_PAIR);
    MUST(socket != NULL && zmq_socket(other, ZMQ_PAIR) == NULL && zmq_errno() == EMFILE);
    MUST(zmq_ctx_shutdown(other) == 0);
    FAILS(zmq_send(socket, "", 0, 0), ETERM);
    MUST(zmq_close(socket) == 0);
    MUST(zmq_term(other) == 0);
    FAILS(zmq_ctx_term(other), EFAULT);
    MUST(zmq_ctx_destroy(zmq_ctx_new()) == 0);
}

static void requests(const char *endpoint)
{
    void *server, *client;
    zmq_msg_t message;
    pair_of(ZMQ_REP, ZMQ_REQ, endpoint, &server, &client);
    FAILS(zmq_recv(client, NULL, 0, ZMQ_DONTWAIT), EFSM);
    send_text(client, "first", ZMQ_SNDMORE);
    MUST(zmq_send_const(client, "second", 6, 0) == 6);
    MUST(zmq_msg_init(&message) == 0 && zmq_recvmsg(server, &message, 0) == 5 && zmq_msg_more(&message) == 1);
    MUST(zmq_msg_recv(&message, server, 0) == 6 && zmq_msg_more(&message) == 0);
    MUST(zmq_msg_gets(&message, "Peer-Address") != NULL || strncmp(endpoint, "tcp", 3) != 0);
    MUST(zmq_sendmsg(server, &message, 0) == 6);
    MUST(zmq_msg_recv(&message, client, 0) == 6);
    MUST(zmq_msg_close(&message) == 0);
    char *large = calloc(1, 3000000);
    MUST(zmq_msg_init_data(&message, large, 3000000, count_free, &freed) == 0);
    freed = 0;
    MUST(zmq_msg_send(&message, client, 0) == 3000000);
    MUST(zmq_msg_init(&message) == 0 && zmq_msg_recv(&message, server, 0) == 3000000);
    MUST(zmq_msg_send(&message, server, 0) == 3000000);
    MUST(zmq_recv(client, NULL, 0, 0) == 3000000);
    MUST(zmq_close(client) == 0 && zmq_close(server) == 0);
}

static void vectors(void)
{
    void *push, *pull;
    struct iovec out[] = {{"one", 3}, {"three", 5}}, in[4];
    size_t count = 4;
    pair_of(ZMQ_PULL, ZMQ_PUSH, "tcp://127.0.0.1:*", &pull, &push);
    MUST(zmq_sendiov(push, out, 2, 0) >= 0);
    MUST(zmq_recviov(pull, in, &count, 0) == 2 && count == 2);
    MUST(in[1].iov_len == 5 && memcmp(in[1].iov_base, "three", 5) == 0);
    free(in[0].iov_base);
    free(in[1].iov_base);
    MUST(zmq_disconnect(push, last_endpoint(pull)) == 0);
    FAILS(zmq_unbind(pull, "tcp://127.0.0.1:1"), ENOENT);
    MUST(zmq_unbind(pull, last_endpoint(pull)) == 0);
    MUST(zmq_close(push) == 0 && zmq_close(pull) == 0);
}

/* Long messages stay in the memory they came in, which others share. */
static void neighbours(const char *endpoint)
{
    enum { COUNT = 8, SIZE = 1000 };
    void *push, *pull;
    char body[SIZE];
    zmq_msg_t received[COUNT], copy;
    pair_of(ZMQ_PULL, ZMQ_PUSH, endpoint, &pull, &push);
    for (int at = 0; at < COUNT; at++) {
        memset(body, 'a' + at, SIZE);
        MUST(zmq_send(push, body, SIZE, 0) == SIZE);
    }
    for (int at = 0; at < COUNT; at++)
        MUST(zmq_msg_init(&received[at]) == 0 && zmq_msg_recv(&received[at], pull, 0) == SIZE);
    for (int at = 0; at < COUNT; at += 2)
        memset(zmq_msg_data(&received[at]), '-', SIZE);
    MUST(zmq_msg_init(&copy) == 0 && zmq_msg_copy(&copy, &received[1]) == 0);
    MUST(zmq_msg_close(&received[1]) == 0 && zmq_msg_move(&received[0], &copy) == 0);
    MUST(zmq_msg_init(&received[1]) == 0);
    for (int at = 0; at < COUNT; at++) {
        memset(body, at == 0 ? 'b' : at % 2 == 0 ? '-' : 'a' + at, SIZE);
        MUST(at == 1 || memcmp(zmq_msg_data(&received[at]), body, SIZE) == 0);
        MUST(zmq_msg_close(&received[at]) == 0);
    }
    MUST(zmq_msg_close(&copy) == 0 && zmq_close(push) == 0 && zmq_close(pull) == 0);
}

static void topics(void)
{
    void *publisher, *subscriber;
    char note[16];
    pair_of(ZMQ_XPUB, ZMQ_SUB, "ipc://*", &publisher, &subscriber);
    MUST(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "a", 1) == 0);
    MUST(zmq_recv(publisher, note, sizeof note, 0) == 2 && note[0] == 1);
    send_text(publisher, "b: not for it", 0);
    send_text(publisher, "a: for it", 0);
    recv_text(subscriber, "a: for it");
    MUST(zmq_setsockopt(subscriber, ZMQ_UNSUBSCRIBE, "a", 1) == 0);
    MUST(zmq_recv(publisher, note, sizeof note, 0) == 2 && note[0] == 0);
    MUST(zmq_close(subscriber) == 0 && zmq_close(publisher) == 0);
}

static void waiting(void)
{
    void *push, *pull, *poller = zmq_poller_new();
    int pipes[2];
    zmq_poller_event_t event, events[3];
    sigset_t mask;
    pair_of(ZMQ_PULL, ZMQ_PUSH, "tcp://127.0.0.1:*", &pull, &push);
    MUST(pipe(pipes) == 0);
    sigemptyset(&mask);
    zmq_pollitem_t items[] = {{pull, 0, ZMQ_POLLIN, 0}, {NULL, pipes[0], ZMQ_POLLIN, 0}, {push, 0, ZMQ_POLLOUT, 0}};
    MUST(zmq_poll(items, 2, 0) == 0);
    send_text(push, "here", 0);
    MUST(write(pipes[1], "x", 1) == 1);
    do
        MUST(zmq_ppoll(items, 3, -1, &mask) >= 1);
    while (!items[0].revents);
    MUST(items[1].revents == ZMQ_POLLIN && items[2].revents == ZMQ_POLLOUT);
    MUST(zmq_poller_add(poller, pull, &event, ZMQ_POLLIN) == 0);
    FAILS(zmq_poller_add(poller, pull, NULL, ZMQ_POLLIN), EINVAL);
    MUST(zmq_poller_add_fd(poller, pipes[0], NULL, ZMQ_POLLIN) == 0);
    MUST(zmq_poller_size(poller) == 2);
    MUST(zmq_poller_wait_all(poller, events, 3, -1) == 2);
    MUST(zmq_poller_modify_fd(poller, pipes[0], 0) == 0);
    MUST(zmq_poller_wait(poller, &event, -1) == 0 && event.socket == pull && event.user_data == &event);
    MUST(zmq_poller_modify(poller, pull, 0) == 0);
    FAILS(zmq_poller_wait(poller, &event, 0), EAGAIN);
    FAILS(zmq_poller_wait(poller, &event, -1), EFAULT);
    FAILS(zmq_poller_fd(poller, &event.fd), EINVAL);
    MUST(zmq_poller_remove(poller, pull) == 0 && zmq_poller_remove_fd(poller, pipes[0]) == 0);
    MUST(zmq_poller_destroy(&poller) == 0 && poller == NULL);
    recv_text(pull, "here");
    close(pipes[0]);
    close(pipes[1]);
    MUST(zmq_close(push) == 0 && zmq_close(pull) == 0);
}

static void monitors(void)
{
    void *pull = open_socket(ZMQ_PULL), *push = open_socket(ZMQ_PUSH), *watch = open_socket(ZMQ_PAIR);
    zmq_msg_t message;
    uint16_t event = 0;
    MUST(zmq_socket_monitor(pull, "inproc://events", ZMQ_EVENT_ALL) == 0);
    FAILS(zmq_socket_monitor(pull, "tcp://127.0.0.1:*", ZMQ_EVENT_ALL), EPROTONOSUPPORT);
    MUST(zmq_connect(watch, "inproc://events") == 0);
    MUST(zmq_bind(pull, "tcp://127.0.0.1:*") == 0 && zmq_connect(push, last_endpoint(pull)) == 0);
    while (event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        MUST(zmq_msg_init(&message) == 0 && zmq_msg_recv(&message, watch, 0) == 6);
        memcpy(&event, zmq_msg_data(&message), sizeof event);
        MUST(zmq_msg_recv(&message, watch, 0) >= 0 && zmq_msg_close(&message) == 0);
    }
    MUST(zmq_socket_monitor(pull, NULL, 0) == 0);
    MUST(zmq_close(watch) == 0);
    watch = open_socket(ZMQ_PULL);
    /* Of this kind alone: the handshake of this side may still have its end to tell. */
    MUST(zmq_socket_monitor_versioned(push, "inproc://more events", ZMQ_EVENT_PIPES_STATS, 2, ZMQ_PUSH) == 0);
    MUST(zmq_connect(watch, "inproc://more events") == 0);
    MUST(zmq_socket_monitor_pipes_stats(push) == 0);
    uint64_t number = 0;
    MUST(zmq_recv(watch, &number, sizeof number, 0) == sizeof number && number == ZMQ_EVENT_PIPES_STATS);
    MUST(zmq_close(push) == 0 && zmq_close(pull) == 0 && zmq_close(watch) == 0);
}

static void steerable(void *unused)
{
    void *front = open_socket(ZMQ_ROUTER), *back = open_socket(ZMQ_DEALER), *control = open_socket(ZMQ_PAIR);
    (void)unused;
    MUST(zmq_bind(front, "inproc://front") == 0 && zmq_bind(back, "inproc://back") == 0);
    MUST(zmq_connect(control, "inproc://control") == 0);
    MUST(zmq_proxy_steerable(front, back, NULL, control) == 0);
    MUST(zmq_close(front) == 0 && zmq_close(back) == 0 && zmq_close(control) == 0);
}

static void plain(void *device)
{
    void *other = zmq_ctx_new(), *front = zmq_socket(other, ZMQ_PULL), *back = zmq_socket(other, ZMQ_PUSH);
    MUST(zmq_bind(front, "inproc://front") == 0 && zmq_bind(back, "inproc://back") == 0);
    MUST(zmq_ctx_shutdown(other) == 0);
    if (device)
        FAILS(zmq_device(ZMQ_STREAMER, front, back), ETERM);
    else
        FAILS(zmq_proxy(front, back, NULL), ETERM);
    MUST(zmq_close(front) == 0 && zmq_close(back) == 0 && zmq_ctx_term(other) == 0);
}

static void proxies(void)
{
    void *control = open_socket(ZMQ_PAIR), *client = open_socket(ZMQ_REQ), *server = open_socket(ZMQ_REP);
    MUST(zmq_bind(control, "inproc://control") == 0);
    void *thread = zmq_threadstart(steerable, NULL);
    MUST(zmq_connect(client, "inproc://front") == 0 && zmq_connect(server, "inproc://back") == 0);
    send_text(client, "question", 0);
    recv_text(server, "question");
    send_text(server, "answer", 0);
    recv_text(client, "answer");
    send_text(control, "STATISTICS", 0);
    for (int frame = 0; frame < 8; frame++) {
        uint64_t number;
        MUST(zmq_recv(control, &number, sizeof number, 0) == sizeof number);
    }
    send_text(control, "PAUSE", 0);
    send_text(control, "RESUME", 0);
    send_text(control, "TERMINATE", 0);
    zmq_threadclose(thread);
    plain(NULL);
    plain(&control);
    MUST(zmq_close(client) == 0 && zmq_close(server) == 0 && zmq_close(control) == 0);
}

static void encrypted(void)
{
    char public_key[41], secret_key[41], again[41];
    const int one = 1;
    uint8_t octets[32];
    void *server = open_socket(ZMQ_REP), *client = open_socket(ZMQ_REQ);
    MUST(zmq_curve_keypair(public_key, secret_key) == 0);
    MUST(zmq_curve_public(again, secret_key) == 0 && strcmp(public_key, again) == 0);
    MUST(zmq_z85_decode(octets, public_key) == octets);
    MUST(zmq_z85_encode(again, octets, 32) == again && strcmp(public_key, again) == 0);
    MUST(zmq_setsockopt(server, ZMQ_CURVE_SERVER, &one, sizeof one) == 0);
    MUST(zmq_setsockopt(server, ZMQ_CURVE_SECRETKEY, secret_key, 40) == 0);
    MUST(zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, octets, 32) == 0);
    MUST(zmq_curve_keypair(public_key, secret_key) == 0);
    MUST(zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, public_key, 41) == 0);
    MUST(zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, secret_key, 41) == 0);
    MUST(zmq_bind(server, "tcp://127.0.0.1:*") == 0 && zmq_connect(client, last_endpoint(server)) == 0);
    send_text(client, "secret", 0);
    recv_text(server, "secret");
    MUST(zmq_close(client) == 0 && zmq_close(server) == 0);
}

static void groups(void)
{
    void *radio = open_socket(ZMQ_RADIO), *dish = open_socket(ZMQ_DISH);
    zmq_msg_t message;
    MUST(zmq_bind(radio, "inproc://radio") == 0 && zmq_join(dish, "TV") == 0 && zmq_join(dish, "news") == 0);
    MUST(zmq_join(dish, "TV") == -1 && errno == EINVAL);
    MUST(zmq_join(radio, "TV") == -1 && errno == ENOTSUP);
    MUST(zmq_leave(dish, "news") == 0 && zmq_leave(dish, "news") == -1 && errno == EINVAL);
    MUST(zmq_connect(dish, "inproc://radio") == 0);
    MUST(zmq_msg_init_buffer(&message, "Friends", 7) == 0 && zmq_msg_set_group(&message, "TV") == 0);
    MUST(zmq_msg_send(&message, radio, 0) == 7 && zmq_msg_recv(&message, dish, 0) == 7);
    MUST(strcmp(zmq_msg_group(&message), "TV") == 0 && memcmp(zmq_msg_data(&message), "Friends", 7) == 0);
    MUST(zmq_msg_close(&message) == 0 && zmq_close(radio) == 0 && zmq_close(dish) == 0);
}

static void peers_by_number(void)
{
    void *near = open_socket(ZMQ_PEER), *far = open_socket(ZMQ_PEER), *router = open_socket(ZMQ_ROUTER);
    void *dealer = open_socket(ZMQ_DEALER);
    zmq_msg_t message;
    char letters[8];
    uint32_t number;
    MUST(zmq_bind(far, "inproc://far") == 0);
    number = zmq_connect_peer(near, "inproc://far");
    MUST(number != 0);
    MUST(zmq_connect_peer(router, "inproc://far") == 0 && errno == ENOTSUP);
    MUST(zmq_msg_init_buffer(&message, "hello", 5) == 0 && zmq_msg_set_routing_id(&message, number) == 0);
    MUST(zmq_msg_send(&message, near, 0) == 5 && zmq_msg_recv(&message, far, 0) == 5);
    MUST(zmq_msg_routing_id(&message) != 0);
    MUST(zmq_msg_send(&message, far, ZMQ_SNDMORE) == -1 && errno == EINVAL);
    MUST(zmq_msg_send(&message, far, 0) == 5 && zmq_msg_recv(&message, near, 0) == 5);
    MUST(zmq_msg_routing_id(&message) == number && zmq_msg_close(&message) == 0);
    MUST(zmq_disconnect_peer(near, number) == 0);
    MUST(zmq_disconnect_peer(router, number) == -1 && errno == ENOTSUP);
    MUST(zmq_bind(router, "inproc://router") == 0 && zmq_setsockopt(dealer, ZMQ_ROUTING_ID, "ann", 3) == 0);
    MUST(zmq_connect(dealer, "inproc://router") == 0);
    send_text(dealer, "x", 0);
    MUST(zmq_recv(router, letters, sizeof letters, 0) == 3);
    recv_text(router, "x");
    MUST(zmq_socket_get_peer_state(router, "ann", 3) == ZMQ_POLLOUT);
    MUST(zmq_socket_get_peer_state(router, "bob", 3) == -1 && errno == EHOSTUNREACH);
    MUST(zmq_close(near) == 0 && zmq_close(far) == 0 && zmq_close(router) == 0 && zmq_close(dealer) == 0);
}

static void on_timer(int timer, void *count)
{
    MUST(timer >= 1);
    *(int *)count += 1;
}

static void helpers(void)
{
    int count = 0;
    void *timers = zmq_timers_new(), *counter = zmq_atomic_counter_new(), *watch = zmq_stopwatch_start();
    int timer = zmq_timers_add(timers, 0, on_timer, &count);
    MUST(timer >= 1 && zmq_timers_timeout(timers) == 0 && zmq_timers_execute(timers) == 0 && count == 1);
    MUST(zmq_timers_set_interval(timers, timer, 100) == 0 && zmq_timers_reset(timers, timer) == 0);
    MUST(zmq_timers_cancel(timers, timer) == 0 && zmq_timers_destroy(&timers) == 0);
    zmq_atomic_counter_set(counter, 1);
    MUST(zmq_atomic_counter_inc(counter) == 1 && zmq_atomic_counter_dec(counter) == 1);
    MUST(zmq_atomic_counter_value(counter) == 1);
    zmq_atomic_counter_destroy(&counter);
    zmq_sleep(0);
    unsigned long early = zmq_stopwatch_intermediate(watch);
    MUST(early <= zmq_stopwatch_stop(watch));
}

int main(void)
{
    the_library();
    messages();
    contexts();
    context = zmq_ctx_new();
    requests("inproc://requests");
    requests("ipc://*");
    requests("tcp://127.0.0.1:*");
    neighbours("inproc://neighbours");
    neighbours("tcp://127.0.0.1:*");
    vectors();
    topics();
    waiting();
    monitors();
    proxies();
    encrypted();
    groups();
    peers_by_number();
    helpers();
    MUST(zmq_ctx_term(context) == 0);
    puts("all is well");
    return 0;
}
