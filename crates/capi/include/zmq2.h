/* The C interface of ZeroMQ 2.x, over this library: for sources that were written for it.
 *
 *     cc -include zmq2.h old.c -lzmq
 *
 * or `#include <zmq2.h>` in place of `<zmq.h>`; what includes <zmq.h> behind it gets nothing more. What differed in 2.x,
 * and is here as it was there:
 *
 *     zmq_send, zmq_recv     take a zmq_msg_t and answer 0
 *     zmq_poll               counts its time in microseconds
 *     ZMQ_HWM                one limit for both directions, of 64 bits; none by default
 *     numbers of options     of 64 bits where 2.x had them so; ZMQ_RECOVERY_IVL in seconds
 *     ZMQ_XREQ, ZMQ_UPSTREAM and so on
 *     identities             generated ones have 17 octets
 *     ZMQ_XREP               may send requests to a ZMQ_REP
 *
 * What is gone for good: ZMQ_SWAP answers EINVAL, and an identity names a socket but keeps nothing for it while it is
 * away.
 *
 * MIT OR Apache-2.0.
 */
#ifndef ZMQ2_H_OF_ZEROXIDE
#define ZMQ2_H_OF_ZEROXIDE

#include "zmq.h"
#include <limits.h>
#include <string.h>

/* Sources choose by these between the old calls and the new. */
#undef ZMQ_VERSION_MAJOR
#undef ZMQ_VERSION_MINOR
#undef ZMQ_VERSION_PATCH
#define ZMQ_VERSION_MAJOR 2
#define ZMQ_VERSION_MINOR 2
#define ZMQ_VERSION_PATCH 0

#define ZMQ_UPSTREAM ZMQ_PULL
#define ZMQ_DOWNSTREAM ZMQ_PUSH

#define ZMQ_HWM 1
#define ZMQ_SWAP 3
#define ZMQ_MCAST_LOOP 10
#define ZMQ_RECOVERY_IVL_MSEC 20

/* Of this library only: what is not a matter of names and types. */
#define ZMQ2_WAYS 1000002

#define ZMQ_MAX_VSM_SIZE 30
#define ZMQ_MSG_MORE 1
#define ZMQ_MSG_SHARED 128

#if defined __GNUC__
#define ZMQ2_INLINE static __inline__ __attribute__((unused))
#else
#define ZMQ2_INLINE static inline
#endif

ZMQ2_INLINE int zmq2_send(void *socket, zmq_msg_t *message, int flags)
{
    return zmq_sendmsg(socket, message, flags) < 0 ? -1 : 0;
}

ZMQ2_INLINE int zmq2_recv(void *socket, zmq_msg_t *message, int flags)
{
    return zmq_recvmsg(socket, message, flags) < 0 ? -1 : 0;
}

ZMQ2_INLINE int zmq2_poll(zmq_pollitem_t *items, int count, long microseconds)
{
    /* Rounded up: a wait that was asked for is not to become none. */
    long milliseconds = microseconds < 0 ? -1 : microseconds / 1000 + (microseconds % 1000 > 0);
    return zmq_poll(items, count, milliseconds);
}

ZMQ2_INLINE void *zmq2_socket(void *context, int type)
{
    static const int unlimited = 0, yes = 1;
    void *socket = zmq_socket(context, type);
    if (socket != NULL) {
        zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
        zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
        if (type == ZMQ_ROUTER || type == ZMQ_REP)
            zmq_setsockopt(socket, ZMQ2_WAYS, &yes, sizeof yes);
    }
    return socket;
}

/* Whether 2.x had 64 bits where there are 32 today. */
ZMQ2_INLINE int zmq2_is_wide(int option)
{
    switch (option) {
    case ZMQ_RATE:
    case ZMQ_RECOVERY_IVL:
    case ZMQ_SNDBUF:
    case ZMQ_RCVBUF:
    case ZMQ_RCVMORE:
    case ZMQ_HWM:
    case ZMQ_MCAST_LOOP:
    case ZMQ_RECOVERY_IVL_MSEC:
        return 1;
    default:
        return 0;
    }
}

ZMQ2_INLINE int zmq2_refuse(void)
{
    errno = EINVAL;
    return -1;
}

ZMQ2_INLINE int zmq2_setsockopt(void *socket, int option, const void *value, size_t length)
{
    int64_t wide;
    int narrow;
    if (!zmq2_is_wide(option))
        return zmq_setsockopt(socket, option, value, length);
    if (value == NULL || length != sizeof wide)
        return length == sizeof narrow && option != ZMQ_HWM ? zmq_setsockopt(socket, option, value, length) : zmq2_refuse();
    memcpy(&wide, value, sizeof wide);
    if (option == ZMQ_RECOVERY_IVL)
        wide = wide > INT_MAX / 1000 ? INT_MAX : wide * 1000;
    /* 0 octets meant the system's own choice, which is -1 today. */
    if ((option == ZMQ_SNDBUF || option == ZMQ_RCVBUF) && wide == 0)
        wide = -1;
    if (wide < -1)
        return zmq2_refuse();
    narrow = wide > INT_MAX ? INT_MAX : (int)wide;
    switch (option) {
    case ZMQ_HWM:
        if (zmq_setsockopt(socket, ZMQ_SNDHWM, &narrow, sizeof narrow) != 0)
            return -1;
        return zmq_setsockopt(socket, ZMQ_RCVHWM, &narrow, sizeof narrow);
    case ZMQ_RECOVERY_IVL_MSEC:
        option = ZMQ_RECOVERY_IVL;
        break;
    case ZMQ_MCAST_LOOP:
        option = 96; /* ZMQ_MULTICAST_LOOP */
        break;
    default:
        break;
    }
    return zmq_setsockopt(socket, option, &narrow, sizeof narrow);
}

ZMQ2_INLINE int zmq2_getsockopt(void *socket, int option, void *value, size_t *length)
{
    int64_t wide;
    int narrow = 0;
    size_t size = sizeof narrow;
    int today = option;
    /* An int for one of these is what later sources ask for; let them. */
    if (!zmq2_is_wide(option) || (length != NULL && *length == sizeof narrow && option != ZMQ_HWM))
        return zmq_getsockopt(socket, option, value, length);
    if (value == NULL || length == NULL || *length < sizeof wide)
        return zmq2_refuse();
    if (option == ZMQ_HWM)
        today = ZMQ_SNDHWM;
    if (option == ZMQ_RECOVERY_IVL_MSEC)
        today = ZMQ_RECOVERY_IVL;
    if (option == ZMQ_MCAST_LOOP)
        today = 96; /* ZMQ_MULTICAST_LOOP */
    if (zmq_getsockopt(socket, today, &narrow, &size) != 0)
        return -1;
    wide = narrow;
    if (option == ZMQ_RECOVERY_IVL)
        wide /= 1000;
    if ((option == ZMQ_SNDBUF || option == ZMQ_RCVBUF) && wide == -1)
        wide = 0;
    memcpy(value, &wide, sizeof wide);
    *length = sizeof wide;
    return 0;
}

#define zmq_send zmq2_send
#define zmq_recv zmq2_recv
#define zmq_poll zmq2_poll
#define zmq_socket zmq2_socket
#define zmq_setsockopt zmq2_setsockopt
#define zmq_getsockopt zmq2_getsockopt

#endif
