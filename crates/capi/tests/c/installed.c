/* What a program needs that was built through pkg-config or CMake: the header, the library, the right version. */
#include <zmq.h>

#ifndef ZMQ_BUILD_DRAFT_API
#error the draft part is there, and the package files say so
#endif

int main(void)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    if (ZMQ_MAKE_VERSION(major, minor, patch) != ZMQ_VERSION)
        return 1;
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PAIR);
    if (socket == NULL || zmq_close(socket) != 0 || zmq_ctx_shutdown(context) != 0)
        return 2;
    printf("%d.%d.%d\n", major, minor, patch);
    return 0;
}
