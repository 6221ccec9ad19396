#include "interfaces.h"

#include <net/if.h>

#include "args.h"

namespace gonet {

namespace {

napi_value makeBytes(napi_env env, const std::vector<uint8_t>& bytes) {
  return gonet::makeBytes(env, bytes.data(), bytes.size());
}

napi_value makeString(napi_env env, const std::string& text) {
  napi_value made = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &made);
  return made;
}

template <typename Element, typename Make>
napi_value makeList(napi_env env, const std::vector<Element>& elements, Make make) {
  napi_value list;
  if (napi_create_array_with_length(env, elements.size(), &list) != napi_ok) return nullptr;
  uint32_t index = 0;
  for (const Element& element : elements) {
    napi_value made = make(element);
    if (made == nullptr || napi_set_element(env, list, index++, made) != napi_ok) return nullptr;
  }
  return list;
}

napi_value makeAddr(napi_env env, const InterfaceAddr& addr) {
  return makeArray(env, {makeBytes(env, addr.ip), number(env, addr.prefix), makeBytes(env, addr.peer)});
}

napi_value makeInterface(napi_env env, const Interface& found) {
  napi_value addrs = makeList(env, found.addrs, [env](const InterfaceAddr& addr) { return makeAddr(env, addr); });
  return makeArray(env, {number(env, found.index), makeString(env, found.name), number(env, found.mtu),
                         makeBytes(env, found.mac), number(env, found.flags), addrs});
}

}  // namespace

int interfaceFlags(unsigned system) {
  int flags = 0;
  if (system & IFF_UP) flags |= kUp;
  if (system & IFF_BROADCAST) flags |= kBroadcast;
  if (system & IFF_LOOPBACK) flags |= kLoopback;
  if (system & IFF_POINTOPOINT) flags |= kPointToPoint;
  if (system & IFF_MULTICAST) flags |= kMulticast;
  if (system & IFF_RUNNING) flags |= kRunning;
  return flags;
}

napi_value interfaces(napi_env env, napi_callback_info) {
  std::vector<Interface> found;
  int rc = readInterfaces(&found);
  if (rc < 0) return number(env, rc);
  return makeList(env, found, [env](const Interface& one) { return makeInterface(env, one); });
}

}  // namespace gonet
