/* What this header had is in zmq.h since ZeroMQ 4.2; it stays for sources that include it.
 *
 * MIT OR Apache-2.0.
 */
#ifndef ZMQ_UTILS_H_OF_ZEROXIDE
#define ZMQ_UTILS_H_OF_ZEROXIDE

#include "zmq.h"

#endif
