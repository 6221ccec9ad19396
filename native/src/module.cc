#include <node_api.h>

#include "addon.h"
#include "args.h"
#include "errnos.h"
#include "fd.h"
#include "interfaces.h"
#include "sockaddr.h"
#include "socket.h"

namespace gonet {

namespace {

napi_value live(napi_env env, napi_callback_info) { return number(env, Addon::live); }

napi_value liveFds(napi_env env, napi_callback_info) { return number(env, Addon::liveFds); }

// zone is the name of the interface with an index.
napi_value zone(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value index, name = nullptr;
  int64_t wanted;
  if (napi_get_cb_info(env, info, &count, &index, nullptr, nullptr) != napi_ok ||
      !readInt(env, index, "index", 0, UINT32_MAX, &wanted)) {
    return nullptr;
  }
  std::string found = zoneName(static_cast<uint32_t>(wanted));
  napi_create_string_utf8(env, found.data(), found.size(), &name);
  return name;
}

bool set(napi_env env, napi_value exports, const char* name, napi_value value) {
  return value != nullptr && napi_set_named_property(env, exports, name, value) == napi_ok;
}

bool setFunction(napi_env env, napi_value exports, const char* name, napi_callback body) {
  napi_value made = nullptr;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, body, nullptr, &made) == napi_ok &&
         set(env, exports, name, made);
}

}  // namespace

napi_value start(napi_env env, napi_value exports) {
  auto addon = Addon::start(env);
  napi_value socket = Socket::define(env);
  napi_value fd = Fd::define(env);
  if (!addon || socket == nullptr || napi_create_reference(env, socket, 1, &addon->constructor) != napi_ok ||
      fd == nullptr || napi_create_reference(env, fd, 1, &addon->fdConstructor) != napi_ok ||
      !setFunction(env, exports, "open", Socket::open) || !setFunction(env, exports, "live", live) ||
      !setFunction(env, exports, "liveFds", liveFds) || !setFunction(env, exports, "zone", zone) ||
      !setFunction(env, exports, "interfaces", interfaces) ||
      !set(env, exports, "errnos", errnos(env)) || !set(env, exports, "options", options(env))) {
    napi_throw_error(env, nullptr, "gonet: the addon could not start");
    return nullptr;
  }
  return exports;
}

}  // namespace gonet

NAPI_MODULE_INIT() { return gonet::start(env, exports); }
