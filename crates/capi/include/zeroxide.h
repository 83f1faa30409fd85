/* What this library has and libzmq has not. Programs that include it run on this library only: libzmq answers EINVAL to
 * these options.
 *
 * Options of zmq_setsockopt, each an int: what one peer may cost a socket. All begin without bound, as in libzmq, which is
 * -1; a peer that meets one is disconnected, and the socket serves the others. ZMQ_MAXMSGSIZE and ZMQ_HANDSHAKE_IVL belong
 * to them. What is good for a server on a network stands behind each.
 *
 * MIT OR Apache-2.0.
 */
#ifndef ZEROXIDE_H
#define ZEROXIDE_H

#include "zmq.h"

/* Octets of all frames of one message together: 67108864. */
#define ZEROXIDE_MAX_MULTIPART_SIZE 1000010
/* Frames of one message: 65536. */
#define ZEROXIDE_MAX_FRAMES 1000011
/* Octets that a peer may say of itself in the handshake, 512 to 65536: 2048. */
#define ZEROXIDE_MAX_METADATA_SIZE 1000012
/* The same in properties, 2 to 64: 64. */
#define ZEROXIDE_MAX_METADATA_PROPERTIES 1000013
/* Octets of a topic (PUB, XPUB, RADIO): 131072. */
#define ZEROXIDE_MAX_TOPIC_LENGTH 1000014
/* Topics that one peer may subscribe to, or groups that it may join (PUB, XPUB, RADIO): 1000000. */
#define ZEROXIDE_MAX_SUBSCRIPTIONS 1000015
/* Peers that may have connected to the socket at once: 65536. */
#define ZEROXIDE_MAX_PEERS 1000016
/* Connections to one endpoint that have not said who they are: 1024. */
#define ZEROXIDE_MAX_HANDSHAKES 1000017
/* The same of one address: 256. */
#define ZEROXIDE_MAX_HANDSHAKES_PER_ADDRESS 1000018
/* 0: what others than this machine can reach is bound with a mechanism only, else EACCES. 1 at first. */
#define ZEROXIDE_OPEN_TO_NETWORK 1000019

#endif
