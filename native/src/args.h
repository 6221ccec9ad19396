// Arguments from JavaScript, checked, and values to it. The functions that read return false after they have thrown a TypeError
// (wrong kind of value) or a RangeError (right kind, impossible value); the caller returns nullptr at once.
#ifndef GONET_ARGS_H_
#define GONET_ARGS_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <node_api.h>

namespace gonet {

// Bytes is the memory of a Uint8Array, valid until JavaScript runs again.
struct Bytes {
  uint8_t* data;
  size_t length;
};

// readInt takes a whole number between min and max inclusive.
bool readInt(napi_env env, napi_value value, const char* name, int64_t min, int64_t max, int64_t* out);

// readBytes takes a Uint8Array (a Buffer is one). Shared memory is refused: another thread could change it while
// the kernel reads it. A detached array has no bytes.
bool readBytes(napi_env env, napi_value value, const char* name, Bytes* out);

// readRange takes (bytes, offset, length) and gives the part named, which has to lie inside the array.
bool readRange(napi_env env, const napi_value args[3], Bytes* out);

bool throwType(napi_env env, const char* name, const char* wanted);
bool throwRange(napi_env env, const char* name, const char* wanted);

napi_value number(napi_env env, int64_t value);
napi_value undefined(napi_env env);

// makeBytes gives a copy to JavaScript, as a Uint8Array with memory of its own.
napi_value makeBytes(napi_env env, const void* from, size_t size);

// makeArray gives null if one of the elements is null, or if JavaScript cannot go on.
napi_value makeArray(napi_env env, std::initializer_list<napi_value> elements);

// result is what a system call gave, or the negated errno if it failed.
inline napi_value result(napi_env env, int64_t rc) { return number(env, rc < 0 ? -errno : rc); }

// retry repeats a system call for as long as a signal interrupts it.
template <typename Call>
auto retry(Call call) {
  auto rc = call();
  while (rc == -1 && errno == EINTR) rc = call();
  return rc;
}

}  // namespace gonet

#endif  // GONET_ARGS_H_
