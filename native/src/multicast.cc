// Multicast: which groups a socket hears, and how it sends to them. The options differ by the socket's family.

#include <cerrno>
#include <climits>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "args.h"
#include "socket.h"

namespace gonet {

namespace {

const int64_t kMaxHops = 255;

int setInt(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof(value));
}

}  // namespace

napi_value Socket::setMulticastInterfaceMethod(const napi_value* args) {
  int64_t index;
  if (!readInt(env, args[0], "index", 0, INT_MAX, &index)) return nullptr;
  if (family() == AF_INET6) {
    return result(env, setInt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(index)));
  }
  ip_mreqn wanted{};
  wanted.imr_ifindex = static_cast<int>(index);
  return result(env, ::setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &wanted, sizeof(wanted)));
}

napi_value Socket::setMulticastLoopMethod(const napi_value* args) {
  int64_t on;
  if (!readInt(env, args[0], "on", 0, 1, &on)) return nullptr;
  bool six = family() == AF_INET6;
  return result(env, setInt(descriptor, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP,
                            static_cast<int>(on)));
}

napi_value Socket::setMulticastTTLMethod(const napi_value* args) {
  int64_t hops;
  if (!readInt(env, args[0], "hops", 0, kMaxHops, &hops)) return nullptr;
  bool six = family() == AF_INET6;
  return result(env, setInt(descriptor, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL,
                            static_cast<int>(hops)));
}

napi_value Socket::joinGroupMethod(const napi_value* args) { return changeGroup(args, true); }

napi_value Socket::leaveGroupMethod(const napi_value* args) { return changeGroup(args, false); }

napi_value Socket::changeGroup(const napi_value* args, bool joins) {
  Bytes group;
  int64_t index;
  if (!readInt(env, args[1], "index", 0, INT_MAX, &index) || !readBytes(env, args[0], "group", &group)) return nullptr;
  if (descriptor == -1) return number(env, -EBADF);
  if (family() == AF_INET6) {
    ipv6_mreq wanted{};
    if (group.length != sizeof(wanted.ipv6mr_multiaddr)) return number(env, -EINVAL);
    memcpy(&wanted.ipv6mr_multiaddr, group.data, group.length);
    wanted.ipv6mr_interface = static_cast<unsigned>(index);
    return result(env, ::setsockopt(descriptor, IPPROTO_IPV6, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &wanted,
                                    sizeof(wanted)));
  }
  ip_mreqn wanted{};
  if (group.length != sizeof(wanted.imr_multiaddr)) return number(env, -EINVAL);
  memcpy(&wanted.imr_multiaddr, group.data, group.length);
  wanted.imr_ifindex = static_cast<int>(index);
  return result(env, ::setsockopt(descriptor, IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &wanted,
                                  sizeof(wanted)));
}

}  // namespace gonet
