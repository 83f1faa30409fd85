/* A program as it was written for ZeroMQ 2.x, compiled with `-include zmq2.h`: a queue device between an asker and an
 * answerer, multipart messages, 64-bit options, time in microseconds. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#if ZMQ_VERSION_MAJOR != 2
#error 2.x sources tell by this
#endif

static void *context;

static void *device(void *unused)
{
    void *front = zmq_socket(context, ZMQ_XREP);
    void *back = zmq_socket(context, ZMQ_XREQ);
    (void)unused;
    assert(zmq_bind(front, "inproc://front") == 0);
    assert(zmq_bind(back, "inproc://back") == 0);
    zmq_device(ZMQ_QUEUE, front, back);
    assert(errno == ETERM);
    zmq_close(front);
    zmq_close(back);
    return NULL;
}

static void send_part(void *socket, const char *text, int flags)
{
    zmq_msg_t message;
    assert(zmq_msg_init_size(&message, strlen(text)) == 0);
    memcpy(zmq_msg_data(&message), text, strlen(text));
    assert(zmq_send(socket, &message, flags) == 0);
    zmq_msg_close(&message);
}

/* Whether more follows. */
static int64_t recv_part(void *socket, const char *text)
{
    zmq_msg_t message;
    int64_t more = -1;
    size_t size = sizeof more;
    assert(zmq_msg_init(&message) == 0);
    assert(zmq_recv(socket, &message, 0) == 0);
    assert(zmq_msg_size(&message) == strlen(text));
    assert(memcmp(zmq_msg_data(&message), text, strlen(text)) == 0);
    zmq_msg_close(&message);
    assert(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) == 0 && size == sizeof more);
    return more;
}

static void options(void)
{
    void *socket = zmq_socket(context, ZMQ_UPSTREAM);
    uint64_t hwm = 7, buffer = 65536, affinity = 1;
    int64_t swap = 1000000, ivl = 5;
    int linger = 0;
    size_t size = sizeof hwm;
    assert(zmq_getsockopt(socket, ZMQ_HWM, &hwm, &size) == 0 && hwm == 0);
    hwm = 10000000000;
    assert(zmq_setsockopt(socket, ZMQ_HWM, &hwm, sizeof hwm) == 0);
    hwm = 2;
    assert(zmq_setsockopt(socket, ZMQ_HWM, &hwm, sizeof hwm) == 0);
    assert(zmq_getsockopt(socket, ZMQ_HWM, &hwm, &size) == 0 && hwm == 2);
    assert(zmq_setsockopt(socket, ZMQ_SNDBUF, &buffer, sizeof buffer) == 0);
    assert(zmq_setsockopt(socket, ZMQ_AFFINITY, &affinity, sizeof affinity) == 0);
    assert(zmq_setsockopt(socket, ZMQ_RECOVERY_IVL, &ivl, sizeof ivl) == 0);
    ivl = 0;
    assert(zmq_getsockopt(socket, ZMQ_RECOVERY_IVL, &ivl, &size) == 0 && ivl == 5);
    assert(zmq_getsockopt(socket, ZMQ_RECOVERY_IVL_MSEC, &ivl, &size) == 0 && ivl == 5000);
    assert(zmq_setsockopt(socket, ZMQ_IDENTITY, "name", 4) == 0);
    assert(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) == 0);
    assert(zmq_setsockopt(socket, ZMQ_SWAP, &swap, sizeof swap) == -1 && errno == EINVAL);
    zmq_close(socket);
}

int main(void)
{
    pthread_t thread;
    zmq_msg_t message;
    context = zmq_init(1);
    assert(context);
    options();
    pthread_create(&thread, NULL, device, NULL);
    void *asker = zmq_socket(context, ZMQ_REQ), *answerer = zmq_socket(context, ZMQ_REP);
    zmq_pollitem_t items[] = {{asker, 0, ZMQ_POLLIN, 0}, {answerer, 0, ZMQ_POLLIN, 0}};
    assert(zmq_connect(asker, "inproc://front") == 0 && zmq_connect(answerer, "inproc://back") == 0);
    assert(zmq_poll(items, 2, 1) == 0);
    zmq_msg_init(&message);
    assert(zmq_recv(answerer, &message, ZMQ_NOBLOCK) == -1 && errno == EAGAIN);
    zmq_msg_close(&message);
    send_part(asker, "one", ZMQ_SNDMORE);
    send_part(asker, "two", 0);
    assert(zmq_poll(items, 2, 60 * 1000 * 1000) == 1 && items[1].revents == ZMQ_POLLIN);
    assert(recv_part(answerer, "one") == 1 && recv_part(answerer, "two") == 0);
    send_part(answerer, "three", 0);
    assert(recv_part(asker, "three") == 0);
    zmq_close(asker);
    zmq_close(answerer);
    assert(zmq_term(context) == 0);
    pthread_join(thread, NULL);
    puts("as ever");
    return 0;
}
