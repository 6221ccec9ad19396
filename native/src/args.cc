#include "args.h"

#include <cmath>
#include <cstring>
#include <string>

namespace gonet {

namespace {

std::string sentence(const char* name, const char* wanted) {
  return std::string("gonet: ") + name + " must be " + wanted;
}

}  // namespace

bool throwType(napi_env env, const char* name, const char* wanted) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", sentence(name, wanted).c_str());
  return false;
}

bool throwRange(napi_env env, const char* name, const char* wanted) {
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", sentence(name, wanted).c_str());
  return false;
}

bool readInt(napi_env env, napi_value value, const char* name, int64_t min, int64_t max, int64_t* out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return throwType(env, name, "a number");
  // The first comparison also catches NaN.
  if (!(number >= static_cast<double>(min)) || number > static_cast<double>(max) || std::trunc(number) != number) {
    std::string wanted =
        "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
    return throwRange(env, name, wanted.c_str());
  }
  *out = static_cast<int64_t>(number);
  return true;
}

bool readBytes(napi_env env, napi_value value, const char* name, Bytes* out) {
  bool isTyped = false;
  napi_is_typedarray(env, value, &isTyped);
  if (!isTyped) return throwType(env, name, "a Uint8Array");

  napi_typedarray_type type;
  void* data = nullptr;
  napi_value memory;
  if (napi_get_typedarray_info(env, value, &type, &out->length, &data, &memory, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    return throwType(env, name, "a Uint8Array");
  }
  bool isPrivate = false;
  napi_is_arraybuffer(env, memory, &isPrivate);
  if (!isPrivate) return throwType(env, name, "a Uint8Array over memory that is not shared");
  out->data = static_cast<uint8_t*>(data);
  if (out->data == nullptr) out->length = 0;
  return true;
}

bool readRange(napi_env env, const napi_value args[3], Bytes* out) {
  Bytes whole;
  int64_t offset, length;
  if (!readBytes(env, args[0], "bytes", &whole)) return false;
  auto size = static_cast<int64_t>(whole.length);
  if (!readInt(env, args[1], "offset", 0, size, &offset)) return false;
  if (!readInt(env, args[2], "length", 0, size - offset, &length)) return false;
  // An empty array may have no memory at all, and nothing may be added to a null pointer.
  out->data = whole.data == nullptr ? nullptr : whole.data + offset;
  out->length = static_cast<size_t>(length);
  return true;
}

napi_value number(napi_env env, int64_t value) {
  napi_value v = nullptr;
  napi_create_int64(env, value, &v);
  return v;
}

napi_value undefined(napi_env env) {
  napi_value v = nullptr;
  napi_get_undefined(env, &v);
  return v;
}

napi_value makeBytes(napi_env env, const void* from, size_t size) {
  void* to;
  napi_value memory, bytes;
  if (napi_create_arraybuffer(env, size, &to, &memory) != napi_ok) return nullptr;
  if (size != 0) memcpy(to, from, size);
  if (napi_create_typedarray(env, napi_uint8_array, size, memory, 0, &bytes) != napi_ok) return nullptr;
  return bytes;
}

napi_value makeArray(napi_env env, std::initializer_list<napi_value> elements) {
  napi_value array;
  if (napi_create_array_with_length(env, elements.size(), &array) != napi_ok) return nullptr;
  uint32_t index = 0;
  for (napi_value value : elements) {
    if (value == nullptr || napi_set_element(env, array, index++, value) != napi_ok) return nullptr;
  }
  return array;
}

}  // namespace gonet
