#include "accel/crypt/random.hpp"

#include <openssl/rand.h>

#include "accel/base/error.hpp"

namespace accel::crypt {

void random_bytes(MutableByteView out) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) != 1) {
    throw Error("make a key: the system gives no random bytes");
  }
}

}  // namespace accel::crypt
