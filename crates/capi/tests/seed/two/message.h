/* The class of messages that `cargo xtask seeds` lends to programs of documents. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "two.h"
#include <assert.h>
#include <stdarg.h>

#define HELPER SEED
#include "../../../../../testing/seeds/zmsg.h"

#endif
