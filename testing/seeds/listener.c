/* Prints a hundred messages of a publisher that programs of a document have no subscriber for. */
#include <stdio.h>
#include <zmq.h>

int main(int count, char **arguments)
{
    void *context = zmq_ctx_new();
    void *subscriber = zmq_socket(context, ZMQ_SUB);
    if (count < 2 || zmq_connect(subscriber, arguments[1]) || zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "", 0))
        return 1;
    for (int i = 0; i < 100; i++) {
        char text[256];
        int size = zmq_recv(subscriber, text, sizeof text - 1, 0);
        if (size < 0 || size >= (int)sizeof text)
            return 1;
        printf("%.*s\n", size, text);
    }
    zmq_close(subscriber);
    return zmq_ctx_term(context);
}
