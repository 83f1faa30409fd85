/* Messages of several parts: refusals are told at the first, and a message goes out and comes in whole. */

#include "must.h"

static void refusals_come_at_the_first_part(void *context)
{
    const int one = 1, soon = 10;
    void *push = open_socket(context, ZMQ_PUSH), *req = open_socket(context, ZMQ_REQ), *rep = open_socket(context, ZMQ_REP);
    void *router = open_socket(context, ZMQ_ROUTER), *pull = open_socket(context, ZMQ_PULL);
    void *stream = open_socket(context, ZMQ_STREAM), *client = open_socket(context, ZMQ_CLIENT);
    zmq_msg_t message;
    char letter;
    /* Nobody is there. */
    FAILS(zmq_send(push, "a", 1, ZMQ_SNDMORE | ZMQ_DONTWAIT), EAGAIN);
    MUST(zmq_setsockopt(push, ZMQ_SNDTIMEO, &soon, sizeof soon) == 0);
    FAILS(zmq_send(push, "a", 1, ZMQ_SNDMORE), EAGAIN);
    /* It is not the time. */
    FAILS(zmq_send(rep, "a", 1, ZMQ_SNDMORE), EFSM);
    FAILS(zmq_recv(req, &letter, 1, 0), EFSM);
    FAILS(zmq_send(pull, "a", 1, ZMQ_SNDMORE), ENOTSUP);
    FAILS(zmq_recv(push, &letter, 1, 0), ENOTSUP);
    /* There is no such peer. */
    MUST(zmq_send(router, "nobody", 6, ZMQ_SNDMORE) == 6 && zmq_send(router, "x", 1, 0) == 1);
    MUST(zmq_setsockopt(router, ZMQ_ROUTER_MANDATORY, &one, sizeof one) == 0);
    FAILS(zmq_send(router, "nobody", 6, ZMQ_SNDMORE), EHOSTUNREACH);
    FAILS(zmq_send(stream, "nobody", 6, ZMQ_SNDMORE), EHOSTUNREACH);
    /* There are no parts. */
    FAILS(zmq_send(client, "a", 1, ZMQ_SNDMORE), EINVAL);
    /* A message that was refused is the caller's still, as it was. */
    MUST(zmq_msg_init_size(&message, 100000) == 0);
    memset(zmq_msg_data(&message), 7, 100000);
    void *before = zmq_msg_data(&message);
    FAILS(zmq_msg_send(&message, push, ZMQ_DONTWAIT), EAGAIN);
    FAILS(zmq_msg_send(&message, push, ZMQ_DONTWAIT | ZMQ_SNDMORE), EAGAIN);
    MUST(zmq_msg_size(&message) == 100000 && zmq_msg_data(&message) == before && zmq_msg_close(&message) == 0);
    FAILS(zmq_msg_send(&message, push, ZMQ_DONTWAIT), EFAULT);
    MUST(zmq_close(push) == 0 && zmq_close(req) == 0 && zmq_close(rep) == 0 && zmq_close(router) == 0);
    MUST(zmq_close(pull) == 0 && zmq_close(stream) == 0 && zmq_close(client) == 0);
}

static void a_request_of_parts(void *context, const char *endpoint)
{
    void *req = open_socket(context, ZMQ_REQ), *rep = open_socket(context, ZMQ_REP);
    zmq_msg_t message;
    char letters[8];
    MUST(zmq_bind(rep, endpoint) == 0 && zmq_connect(req, last_endpoint(rep)) == 0);
    MUST(zmq_send(req, "one", 3, ZMQ_SNDMORE) == 3 && zmq_send(req, "", 0, ZMQ_SNDMORE) == 0);
    FAILS(zmq_recv(rep, letters, sizeof letters, ZMQ_DONTWAIT), EAGAIN);
    MUST(int_option(req, ZMQ_EVENTS) == ZMQ_POLLOUT);
    MUST(zmq_send(req, "three", 5, 0) == 5);
    MUST(zmq_msg_init(&message) == 0 && zmq_msg_recv(&message, rep, 0) == 3 && zmq_msg_more(&message) == 1);
    MUST(zmq_msg_get(&message, ZMQ_MORE) == 1 && int_option(rep, ZMQ_RCVMORE) == 1);
    /* The answer has to wait until all of the question is read. */
    FAILS(zmq_send(rep, "early", 5, 0), EFSM);
    MUST(zmq_msg_recv(&message, rep, 0) == 0 && zmq_msg_more(&message) == 1);
    MUST(zmq_msg_recv(&message, rep, 0) == 5 && zmq_msg_more(&message) == 0);
    MUST(zmq_msg_close(&message) == 0 && int_option(rep, ZMQ_RCVMORE) == 0);
    /* What does not fit is cut off, and its whole size told. */
    MUST(zmq_send(rep, "long answer", 11, 0) == 11 && zmq_recv(req, letters, 4, 0) == 11);
    MUST(memcmp(letters, "long", 4) == 0);
    MUST(zmq_close(req) == 0 && zmq_close(rep) == 0);
}

static int freed[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void count_free(void *data, void *hint)
{
    free(data);
    pthread_mutex_lock(&lock);
    ++*(int *)hint;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* Whoever writes it last frees it, once, in whatever thread. */
static void lent_memory_comes_back(void *context, const char *endpoint)
{
    static const size_t sizes[2] = {20, 5000000};
    void *push = open_socket(context, ZMQ_PUSH), *pull = open_socket(context, ZMQ_PULL);
    zmq_msg_t message, copy;
    MUST(zmq_bind(pull, endpoint) == 0 && zmq_connect(push, last_endpoint(pull)) == 0);
    for (int which = 0; which < 2; which++) {
        freed[which] = 0;
        void *data = calloc(sizes[which], 1);
        MUST(data && zmq_msg_init_data(&message, data, sizes[which], count_free, &freed[which]) == 0);
        MUST(zmq_msg_init(&copy) == 0 && zmq_msg_copy(&copy, &message) == 0);
        MUST(zmq_msg_send(&message, push, ZMQ_SNDMORE) == (int)sizes[which]);
        MUST(zmq_msg_send(&copy, push, 0) == (int)sizes[which]);
        MUST(zmq_msg_recv(&message, pull, 0) == (int)sizes[which] && zmq_msg_more(&message));
        MUST(zmq_msg_recv(&copy, pull, 0) == (int)sizes[which]);
        MUST(zmq_msg_close(&message) == 0 && zmq_msg_close(&copy) == 0);
        pthread_mutex_lock(&lock);
        while (freed[which] == 0)
            pthread_cond_wait(&changed, &lock);
        MUST(freed[which] == 1);
        pthread_mutex_unlock(&lock);
    }
    MUST(zmq_close(push) == 0 && zmq_close(pull) == 0);
}

int main(void)
{
    void *context = zmq_ctx_new();
    refusals_come_at_the_first_part(context);
    a_request_of_parts(context, "inproc://parts");
    a_request_of_parts(context, "tcp://127.0.0.1:*");
    lent_memory_comes_back(context, "inproc://lent");
    lent_memory_comes_back(context, "ipc://*");
    lent_memory_comes_back(context, "tcp://127.0.0.1:*");
    MUST(zmq_ctx_term(context) == 0 && freed[0] == 1 && freed[1] == 1);
    puts("all is well");
    return 0;
}
