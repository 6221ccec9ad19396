// The objects of the addon, told apart: the native part of a JavaScript object may only be used as what it is.
#ifndef GONET_WRAP_H_
#define GONET_WRAP_H_

#include <node_api.h>

namespace gonet {

// wrap gives a JavaScript object its native part, which finalize ends, and marks it as one of the tag's class.
inline bool wrap(napi_env env, napi_value object, const napi_type_tag* tag, void* native, napi_finalize finalize,
                 napi_ref* self) {
  return napi_type_tag_object(env, object, tag) == napi_ok &&
         napi_wrap(env, object, native, finalize, nullptr, self) == napi_ok;
}

// unwrap gives the native part back. It is null if the value is no object of the tag's class.
template <typename Native>
Native* unwrap(napi_env env, napi_value object, const napi_type_tag* tag) {
  bool isOurs = false;
  void* native = nullptr;
  if (napi_check_object_type_tag(env, object, tag, &isOurs) != napi_ok || !isOurs ||
      napi_unwrap(env, object, &native) != napi_ok) {
    return nullptr;
  }
  return static_cast<Native*>(native);
}

}  // namespace gonet

#endif  // GONET_WRAP_H_
