#include "sockaddr.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "args.h"

namespace gonet {

static_assert(sizeof(PlainSockAddr{}.name) == sizeof(sockaddr_storage), "every name fits");

namespace {

const int64_t kMaxPort = 65535;

// An index this large stands for "more than can be read", as in Go's net package, where a zone that is no
// interface is read as a decimal number.
const uint32_t kHugeZone = 0xFFFFFF;

// A zone longer than this is no interface's name (IF_NAMESIZE is 16) and its number is huge anyway.
const size_t kZoneBytes = 64;

const size_t kNameOffset = offsetof(sockaddr_un, sun_path);
const size_t kNameBytes = sizeof(sockaddr_un{}.sun_path);

uint32_t leadingNumber(const char* s, size_t length) {
  uint32_t n = 0;
  for (size_t i = 0; i < length && s[i] >= '0' && s[i] <= '9'; i++) {
    n = n * 10 + static_cast<uint32_t>(s[i] - '0');
    if (n >= kHugeZone) return kHugeZone;
  }
  return n;
}

uint32_t zoneIndex(const char* zone, size_t length) {
  if (length == 0) return 0;
  // if_nametoindex stops at a zero byte; a name that has one inside is not the name before it.
  if (length < IF_NAMESIZE && memchr(zone, 0, length) == nullptr) {
    uint32_t index = if_nametoindex(zone);
    if (index != 0) return index;
  }
  return leadingNumber(zone, length);
}

bool element(napi_env env, napi_value array, uint32_t index, napi_value* out) {
  return napi_get_element(env, array, index, out) == napi_ok;
}

bool readIP(napi_env env, napi_value array, size_t size, void* to) {
  napi_value value;
  Bytes ip;
  if (!element(env, array, 1, &value) || !readBytes(env, value, "ip", &ip)) return false;
  if (ip.length != size) return throwRange(env, "ip", size == 4 ? "4 bytes long" : "16 bytes long");
  memcpy(to, ip.data, size);
  return true;
}

bool readPort(napi_env env, napi_value array, in_port_t* out) {
  napi_value value;
  int64_t port;
  if (!element(env, array, 2, &value) || !readInt(env, value, "port", 0, kMaxPort, &port)) return false;
  *out = htons(static_cast<uint16_t>(port));
  return true;
}

bool readZone(napi_env env, napi_value array, uint32_t* out) {
  napi_value value;
  char zone[kZoneBytes];
  size_t length;
  if (!element(env, array, 3, &value)) return false;
  if (napi_get_value_string_utf8(env, value, zone, sizeof(zone), &length) != napi_ok) {
    return throwType(env, "zone", "a string");
  }
  *out = zoneIndex(zone, length);
  return true;
}

bool readInet4(napi_env env, napi_value array, SockAddr* out) {
  auto* to = reinterpret_cast<sockaddr_in*>(&out->storage);
  to->sin_family = AF_INET;
  out->length = sizeof(*to);
  return readIP(env, array, sizeof(to->sin_addr), &to->sin_addr) && readPort(env, array, &to->sin_port);
}

bool readInet6(napi_env env, napi_value array, SockAddr* out) {
  auto* to = reinterpret_cast<sockaddr_in6*>(&out->storage);
  to->sin6_family = AF_INET6;
  out->length = sizeof(*to);
  return readIP(env, array, sizeof(to->sin6_addr), &to->sin6_addr) && readPort(env, array, &to->sin6_port) &&
         readZone(env, array, &to->sin6_scope_id);
}

bool readUnix(napi_env env, napi_value array, SockAddr* out, int* error) {
  napi_value value;
  Bytes name;
  if (!element(env, array, 1, &value) || !readBytes(env, value, "name", &name)) return false;
  auto* to = reinterpret_cast<sockaddr_un*>(&out->storage);
  to->sun_family = AF_UNIX;
  out->length = kNameOffset;
  if (name.length == 0) return true;

  bool isAbstract = name.data[0] == 0;
  // A path takes a zero byte after it, so one byte less fits. A zero byte inside a path would end it for the
  // kernel, and another file than the one that was checked would be opened.
  if (name.length > (isAbstract ? kNameBytes : kNameBytes - 1) ||
      (!isAbstract && memchr(name.data, 0, name.length) != nullptr)) {
    *error = EINVAL;
    return true;
  }
  memcpy(to->sun_path, name.data, name.length);
  out->length = static_cast<socklen_t>(kNameOffset + name.length + (isAbstract ? 0 : 1));
  return true;
}

// unixName gives the bytes of a Unix address that are its name.
const char* unixName(const SockAddr& address, size_t* size) {
  size_t length = address.length > kNameOffset ? address.length - kNameOffset : 0;
  const char* name = reinterpret_cast<const char*>(&address.storage) + kNameOffset;
  // The kernel reports one byte more than sun_path has when a path fills it; the storage has room for that.
  if (length > sizeof(address.storage) - kNameOffset) length = sizeof(address.storage) - kNameOffset;
  bool isPath = length != 0 && name[0] != 0;
  if (isPath) length = strnlen(name, length);
#ifndef __linux__
  // Only Linux has abstract names; elsewhere zero bytes are padding after no name.
  if (!isPath) length = 0;
#endif
  *size = length;
  return name;
}

}  // namespace

std::string zoneName(uint32_t index) {
  if (index == 0) return "";
  char name[IF_NAMESIZE];
  if (if_indextoname(index, name) != nullptr) return name;
  return std::to_string(index);
}

bool readSockAddr(napi_env env, napi_value value, SockAddr* out, int* error) {
  memset(out, 0, sizeof(*out));
  *error = 0;
  bool isArray = false;
  napi_is_array(env, value, &isArray);
  if (!isArray) return throwType(env, "address", "an array");

  napi_value first;
  int64_t family;
  if (!element(env, value, 0, &first) || !readInt(env, first, "family", kUnix, kInet6, &family)) return false;
  switch (family) {
    case kInet4:
      return readInet4(env, value, out);
    case kInet6:
      return readInet6(env, value, out);
    case kUnix:
      return readUnix(env, value, out, error);
    default:
      return throwRange(env, "family", "4, 6 or 1");
  }
}

napi_value makeSockAddr(napi_env env, const SockAddr& address) {
  napi_value none = nullptr;
  napi_get_null(env, &none);
  // A socket without a name can be reported with a length of 0 and no family at all.
  if (address.length < offsetof(sockaddr, sa_data)) return none;
  switch (address.storage.ss_family) {
    case AF_INET: {
      auto* from = reinterpret_cast<const sockaddr_in*>(&address.storage);
      return makeArray(env, {number(env, kInet4), makeBytes(env, &from->sin_addr, sizeof(from->sin_addr)),
                             number(env, ntohs(from->sin_port))});
    }
    case AF_INET6: {
      auto* from = reinterpret_cast<const sockaddr_in6*>(&address.storage);
      std::string name = zoneName(from->sin6_scope_id);
      napi_value zone = nullptr;
      napi_create_string_utf8(env, name.data(), name.size(), &zone);
      return makeArray(env, {number(env, kInet6), makeBytes(env, &from->sin6_addr, sizeof(from->sin6_addr)),
                             number(env, ntohs(from->sin6_port)), zone});
    }
    case AF_UNIX: {
      size_t size;
      const char* name = unixName(address, &size);
      return makeArray(env, {number(env, kUnix), makeBytes(env, name, size)});
    }
    default:
      return none;
  }
}

void plainSockAddr(const SockAddr& address, PlainSockAddr* out) {
  memset(out, 0, sizeof(*out));
  if (address.length < offsetof(sockaddr, sa_data)) return;
  auto set = [out](Family family, const void* name, size_t size) {
    out->family = family;
    out->size = static_cast<int32_t>(size);
    memcpy(out->name, name, size);
  };
  switch (address.storage.ss_family) {
    case AF_INET: {
      auto* from = reinterpret_cast<const sockaddr_in*>(&address.storage);
      set(kInet4, &from->sin_addr, sizeof(from->sin_addr));
      out->port = ntohs(from->sin_port);
      return;
    }
    case AF_INET6: {
      auto* from = reinterpret_cast<const sockaddr_in6*>(&address.storage);
      set(kInet6, &from->sin6_addr, sizeof(from->sin6_addr));
      out->port = ntohs(from->sin6_port);
      out->zone = static_cast<int32_t>(from->sin6_scope_id);
      return;
    }
    case AF_UNIX: {
      size_t size;
      const char* name = unixName(address, &size);
      set(kUnix, name, size);
      return;
    }
  }
}

}  // namespace gonet
