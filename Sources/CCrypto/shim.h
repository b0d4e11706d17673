// The functions that need none of the library's start-up: looking up an algorithm by name, as the newer ones do, first
// fills tables with every name there is, which costs more than everything else `rkt run` does.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
