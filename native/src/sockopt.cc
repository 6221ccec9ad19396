#include <climits>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "args.h"
#include "socket.h"

namespace gonet {

namespace {

struct Option {
  const char* name;
  int level;
  int number;
};

// Stands for an option this system does not have; asking for it gives ENOPROTOOPT, as the kernel would.
const int kNone = -1;

#define OPTION(level, name) \
  { #name, level, name }

// The options that are one int. JavaScript names them by their place here.
const Option table[] = {
    OPTION(SOL_SOCKET, SO_ACCEPTCONN),
    OPTION(SOL_SOCKET, SO_BROADCAST),
#ifdef SO_DOMAIN
    OPTION(SOL_SOCKET, SO_DOMAIN),
#else
    {"SO_DOMAIN", kNone, kNone},
#endif
    OPTION(SOL_SOCKET, SO_ERROR),
    OPTION(SOL_SOCKET, SO_KEEPALIVE),
#ifdef SO_PASSCRED
    OPTION(SOL_SOCKET, SO_PASSCRED),
#else
    {"SO_PASSCRED", kNone, kNone},
#endif
#ifdef SO_PROTOCOL
    OPTION(SOL_SOCKET, SO_PROTOCOL),
#else
    {"SO_PROTOCOL", kNone, kNone},
#endif
    OPTION(SOL_SOCKET, SO_RCVBUF),
    OPTION(SOL_SOCKET, SO_REUSEADDR),
    OPTION(SOL_SOCKET, SO_REUSEPORT),
    OPTION(SOL_SOCKET, SO_SNDBUF),
    OPTION(SOL_SOCKET, SO_TYPE),
    OPTION(IPPROTO_TCP, TCP_KEEPCNT),
#ifdef TCP_KEEPIDLE
    OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
#else
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPALIVE},
#endif
    OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
    OPTION(IPPROTO_TCP, TCP_NODELAY),
#ifdef TCP_USER_TIMEOUT
    OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
#else
    {"TCP_USER_TIMEOUT", kNone, kNone},
#endif
    OPTION(IPPROTO_IP, IP_HDRINCL),
    OPTION(IPPROTO_IP, IP_PKTINFO),
    OPTION(IPPROTO_IP, IP_RECVTTL),
    OPTION(IPPROTO_IP, IP_TOS),
    OPTION(IPPROTO_IP, IP_TTL),
    OPTION(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS),
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
};

#undef OPTION

// How long to linger, in seconds: macOS counts SO_LINGER in ticks of the clock.
#ifdef SO_LINGER_SEC
const int kLinger = SO_LINGER_SEC;
#else
const int kLinger = SO_LINGER;
#endif

const int64_t count = sizeof(table) / sizeof(table[0]);

}  // namespace

napi_value options(napi_env env) {
  napi_value names;
  if (napi_create_object(env, &names) != napi_ok) return nullptr;
  for (int64_t i = 0; i < count; i++) {
    if (napi_set_named_property(env, names, table[i].name, number(env, i)) != napi_ok) return nullptr;
  }
  return names;
}

napi_value Socket::getOptionMethod(const napi_value* args) {
  int64_t index;
  if (!readInt(env, args[0], "option", 0, count - 1, &index)) return nullptr;
  if (table[index].level == kNone) return number(env, -ENOPROTOOPT);
  int value = 0;
  socklen_t length = sizeof(value);
  if (::getsockopt(descriptor, table[index].level, table[index].number, &value, &length) == -1) {
    return result(env, -1);
  }
  // A value can be negative and must not look like an errno, so it comes in an array.
  napi_value holder;
  if (napi_create_array_with_length(env, 1, &holder) != napi_ok) return nullptr;
  napi_set_element(env, holder, 0, number(env, value));
  return holder;
}

napi_value Socket::setOptionMethod(const napi_value* args) {
  int64_t index, wanted;
  if (!readInt(env, args[0], "option", 0, count - 1, &index)) return nullptr;
  if (!readInt(env, args[1], "value", INT_MIN, INT_MAX, &wanted)) return nullptr;
  if (table[index].level == kNone) return number(env, -ENOPROTOOPT);
  int value = static_cast<int>(wanted);
  return result(env,
                ::setsockopt(descriptor, table[index].level, table[index].number, &value, sizeof(value)));
}

napi_value Socket::getLingerMethod(const napi_value*) {
  linger value{};
  socklen_t length = sizeof(value);
  if (::getsockopt(descriptor, SOL_SOCKET, kLinger, &value, &length) == -1) return result(env, -1);
  napi_value holder;
  if (napi_create_array_with_length(env, 1, &holder) != napi_ok) return nullptr;
  napi_set_element(env, holder, 0, number(env, value.l_onoff != 0 ? value.l_linger : -1));
  return holder;
}

napi_value Socket::setLingerMethod(const napi_value* args) {
  int64_t seconds;
  if (!readInt(env, args[0], "seconds", INT_MIN, INT_MAX, &seconds)) return nullptr;
  linger value{};
  value.l_onoff = seconds >= 0;
  value.l_linger = seconds >= 0 ? static_cast<int>(seconds) : 0;
  return result(env, ::setsockopt(descriptor, SOL_SOCKET, kLinger, &value, sizeof(value)));
}

}  // namespace gonet
