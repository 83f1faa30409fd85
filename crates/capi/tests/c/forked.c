/* After fork the child's handles do nothing, the parent does not notice, and the child can begin anew. */

#include "must.h"
#include <sys/wait.h>

static void child(void *context, void *pull, void *push, const char *endpoint)
{
    void *own, *socket;
    char letter;
    /* Should it hang, it does not stay; a machine with much else to do is given time. */
    alarm(150);
    FAILS(zmq_send(push, "child", 5, 0), ETERM);
    FAILS(zmq_recv(pull, &letter, 1, ZMQ_DONTWAIT), ETERM);
    MUST(zmq_socket(context, ZMQ_PAIR) == NULL);
    MUST(zmq_close(pull) == 0 && zmq_close(push) == 0 && zmq_ctx_term(context) == 0);
    own = zmq_ctx_new();
    socket = zmq_socket(own, ZMQ_PUSH);
    MUST(socket && zmq_connect(socket, endpoint) == 0 && zmq_send(socket, "hello", 5, 0) == 5);
    MUST(zmq_close(socket) == 0 && zmq_ctx_term(own) == 0);
    _exit(0);
}

int main(void)
{
    void *context = zmq_ctx_new(), *pull = open_socket(context, ZMQ_PULL), *push = open_socket(context, ZMQ_PUSH);
    char letters[16] = {0};
    char endpoint[256];
    int status;
    pid_t process;
    MUST(zmq_bind(pull, "tcp://127.0.0.1:*") == 0 && zmq_connect(push, last_endpoint(pull)) == 0);
    strcpy(endpoint, last_endpoint(pull));
    for (int round = 0; round < 3; round++) {
        /* The socket was used by this thread a moment ago. */
        MUST(zmq_send(push, "parent", 6, 0) == 6 && zmq_recv(pull, letters, sizeof letters, 0) == 6);
        process = fork();
        MUST(process >= 0);
        if (process == 0)
            child(context, pull, push, endpoint);
        MUST(zmq_recv(pull, letters, sizeof letters, 0) == 5 && memcmp(letters, "hello", 5) == 0);
        MUST(waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        MUST(zmq_send(push, "still", 5, 0) == 5 && zmq_recv(pull, letters, sizeof letters, 0) == 5);
        MUST(memcmp(letters, "still", 5) == 0);
    }
    MUST(zmq_close(pull) == 0 && zmq_close(push) == 0 && zmq_ctx_term(context) == 0);
    puts("all is well");
    return 0;
}
