// The interfaces as Linux tells them: two dumps over a netlink socket, rtnetlink(7). getifaddrs(3) would hide the MTU
// and name addresses by labels that need not be an interface's name.

#include "interfaces.h"

#ifdef __linux__

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "args.h"

namespace gonet {

namespace {

// The kernel never makes a part of a dump longer than this.
const size_t kPartBytes = 64 * 1024;

// How often a dump is begun again because something changed while it was read.
const int kDumps = 4;

const size_t kInet4Bytes = 4;
const size_t kInet6Bytes = 16;

// The kernel's older headers of user space do not name these types of hardware.
const int kGre6 = 823;

// attribute finds a route attribute's value. Null if there is none of that type, or one shorter than size.
const uint8_t* attribute(const rtattr* first, size_t length, unsigned short type, size_t size, size_t* found) {
  for (auto* at = first; RTA_OK(at, length); at = RTA_NEXT(at, length)) {
    if (at->rta_type != type || RTA_PAYLOAD(at) < size) continue;
    *found = RTA_PAYLOAD(at);
    return static_cast<const uint8_t*>(RTA_DATA(at));
  }
  return nullptr;
}

// isTunnelEnd is whether a hardware address is none: tunnels report an IP address of theirs there.
bool isTunnelEnd(int hardware, size_t size) {
  if (size == kInet4Bytes) return hardware == ARPHRD_TUNNEL || hardware == ARPHRD_IPGRE || hardware == ARPHRD_SIT;
  return size == kInet6Bytes && (hardware == ARPHRD_TUNNEL6 || hardware == kGre6);
}

void addLink(const nlmsghdr* header, std::vector<Interface>* out) {
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg))) return;
  auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
  const rtattr* first = IFLA_RTA(info);
  size_t length = IFLA_PAYLOAD(header), size;

  Interface found;
  found.index = info->ifi_index;
  found.flags = interfaceFlags(info->ifi_flags);
  if (auto* name = attribute(first, length, IFLA_IFNAME, 1, &size)) {
    found.name.assign(reinterpret_cast<const char*>(name), strnlen(reinterpret_cast<const char*>(name), size));
  }
  uint32_t mtu;
  if (auto* value = attribute(first, length, IFLA_MTU, sizeof(mtu), &size)) {
    memcpy(&mtu, value, sizeof(mtu));
    found.mtu = mtu;
  }
  if (auto* mac = attribute(first, length, IFLA_ADDRESS, 1, &size)) {
    bool isZero = std::all_of(mac, mac + size, [](uint8_t byte) { return byte == 0; });
    if (!isZero && !isTunnelEnd(info->ifi_type, size)) found.mac.assign(mac, mac + size);
  }
  out->push_back(found);
}

void addAddr(const nlmsghdr* header, std::vector<Interface>* out) {
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof(ifaddrmsg))) return;
  auto* info = static_cast<const ifaddrmsg*>(NLMSG_DATA(header));
  size_t wanted = info->ifa_family == AF_INET ? kInet4Bytes : info->ifa_family == AF_INET6 ? kInet6Bytes : 0;
  auto owner = std::find_if(out->begin(), out->end(), [info](const Interface& one) {
    return static_cast<uint32_t>(one.index) == info->ifa_index;
  });
  // An interface that came after the links were read is left for the next time.
  if (wanted == 0 || owner == out->end()) return;

  const rtattr* first = IFA_RTA(info);
  size_t length = IFA_PAYLOAD(header), size;
  auto* local = attribute(first, length, IFA_LOCAL, wanted, &size);
  auto* address = attribute(first, length, IFA_ADDRESS, wanted, &size);
  if (local == nullptr && address == nullptr) return;
  // If both are there, the second one is the other end's, or the same once more.
  const uint8_t* own = local != nullptr ? local : address;
  InterfaceAddr found;
  found.ip.assign(own, own + wanted);
  found.prefix = info->ifa_prefixlen;
  if (address != nullptr && memcmp(own, address, wanted) != 0) found.peer.assign(address, address + wanted);
  owner->addrs.push_back(found);
}

// Netlink is one socket to the kernel's routing tables.
class Netlink {
 public:
  Netlink() : fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {}
  ~Netlink() {
    if (fd != -1) ::close(fd);
  }

  // dump asks for a table and calls add for each message of the answer. It is 0 or a negated errno; isCut says that the
  // table changed meanwhile, so that something may be missing or there twice. The kernel makes the next part of the
  // answer ready while the last one is taken, so nothing here waits.
  template <typename Add>
  int dump(uint16_t type, uint16_t answer, bool* isCut, Add add) {
    if (fd == -1) return -errno;
    struct {
      nlmsghdr header;
      rtgenmsg body;
    } request{};
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof(request.body));
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = ++sequence;
    request.body.rtgen_family = AF_UNSPEC;
    if (retry([&] { return ::send(fd, &request, request.header.nlmsg_len, 0); }) == -1) return -errno;

    // Of words, because the messages in it are read where they lie.
    std::vector<uint32_t> part(kPartBytes / sizeof(uint32_t));
    for (;;) {
      ssize_t n = retry([&] { return ::recv(fd, part.data(), kPartBytes, 0); });
      if (n == -1) return -errno;
      auto left = static_cast<uint32_t>(n);
      auto* header = reinterpret_cast<const nlmsghdr*>(part.data());
      if (!NLMSG_OK(header, left)) return -EINVAL;
      for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
        if (header->nlmsg_seq != sequence) continue;
        if (header->nlmsg_flags & NLM_F_DUMP_INTR) *isCut = true;
        if (header->nlmsg_type == NLMSG_DONE) return 0;
        if (header->nlmsg_type == NLMSG_ERROR) return refusal(header);
        if (header->nlmsg_type == answer) add(header);
      }
    }
  }

 private:
  static int refusal(const nlmsghdr* header) {
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr))) return -EINVAL;
    int error = static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
    return error < 0 ? error : -EINVAL;
  }

  int fd;
  uint32_t sequence = 0;
};

}  // namespace

int readInterfaces(std::vector<Interface>* out) {
  Netlink netlink;
  for (int dumps = 1;; dumps++) {
    bool isCut = false;
    out->clear();
    int rc = netlink.dump(RTM_GETLINK, RTM_NEWLINK, &isCut, [out](const nlmsghdr* header) { addLink(header, out); });
    if (rc == 0) {
      rc = netlink.dump(RTM_GETADDR, RTM_NEWADDR, &isCut, [out](const nlmsghdr* header) { addAddr(header, out); });
    }
    // A table that never holds still is given as it was read last.
    if (rc != 0 || !isCut || dumps == kDumps) return rc;
  }
}

}  // namespace gonet

#endif  // __linux__
