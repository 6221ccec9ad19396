// The interfaces as systems other than Linux tell them, by getifaddrs(3).

#include "interfaces.h"

#ifndef __linux__

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <netinet/in.h>

namespace gonet {

namespace {

std::vector<uint8_t> ipOf(const sockaddr* address) {
  if (address == nullptr) return {};
  const uint8_t* from;
  size_t size;
  if (address->sa_family == AF_INET) {
    from = reinterpret_cast<const uint8_t*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
    size = sizeof(in_addr);
  } else if (address->sa_family == AF_INET6) {
    from = reinterpret_cast<const uint8_t*>(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    size = sizeof(in6_addr);
  } else {
    return {};
  }
  std::vector<uint8_t> ip(from, from + size);
  // A link-local address has its zone inside, in the third and fourth byte.
  const uint8_t kLinkLocal[] = {0xFE, 0x80};
  if (size == sizeof(in6_addr) && memcmp(ip.data(), kLinkLocal, sizeof(kLinkLocal)) == 0) ip[2] = ip[3] = 0;
  return ip;
}

// prefixOf counts the leading ones of a mask, which has the family of the address beside it whatever it says itself.
int prefixOf(const sockaddr* mask, int family) {
  if (mask == nullptr) return 0;
  bool isInet4 = family == AF_INET;
  auto* bytes = reinterpret_cast<const uint8_t*>(mask) +
                (isInet4 ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr));
  int bits = static_cast<int>(isInet4 ? sizeof(in_addr) : sizeof(in6_addr)) * 8;
  int prefix = 0;
  while (prefix < bits && (bytes[prefix / 8] & (0x80 >> prefix % 8)) != 0) prefix++;
  return prefix;
}

void addLink(const ifaddrs* at, std::vector<Interface>* out) {
  auto* link = reinterpret_cast<const sockaddr_dl*>(at->ifa_addr);
  Interface found;
  found.index = link->sdl_index;
  found.name = at->ifa_name;
  found.flags = interfaceFlags(at->ifa_flags);
  if (at->ifa_data != nullptr) found.mtu = static_cast<const if_data*>(at->ifa_data)->ifi_mtu;
  auto* mac = reinterpret_cast<const uint8_t*>(LLADDR(link));
  if (!std::all_of(mac, mac + link->sdl_alen, [](uint8_t byte) { return byte == 0; })) {
    found.mac.assign(mac, mac + link->sdl_alen);
  }
  out->push_back(found);
}

void addAddr(const ifaddrs* at, std::vector<Interface>* out) {
  InterfaceAddr found;
  found.ip = ipOf(at->ifa_addr);
  auto owner = std::find_if(out->begin(), out->end(), [at](const Interface& one) { return one.name == at->ifa_name; });
  if (found.ip.empty() || owner == out->end()) return;
  found.prefix = prefixOf(at->ifa_netmask, at->ifa_addr->sa_family);
  if (at->ifa_flags & IFF_POINTOPOINT) found.peer = ipOf(at->ifa_dstaddr);
  owner->addrs.push_back(found);
}

}  // namespace

int readInterfaces(std::vector<Interface>* out) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) == -1) return -errno;
  for (ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr != nullptr && at->ifa_addr->sa_family == AF_LINK) addLink(at, out);
  }
  for (ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr != nullptr) addAddr(at, out);
  }
  freeifaddrs(first);
  std::stable_sort(out->begin(), out->end(), [](const Interface& a, const Interface& b) { return a.index < b.index; });
  return 0;
}

}  // namespace gonet

#endif  // __linux__
