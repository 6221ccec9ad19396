#ifndef GONET_INTERFACES_H_
#define GONET_INTERFACES_H_

#include <cstdint>
#include <string>
#include <vector>

#include <node_api.h>

namespace gonet {

// What an interface is, as bits. The numbers are those of Go's net.Flags, not the system's.
enum InterfaceFlag {
  kUp = 1,
  kBroadcast = 2,
  kLoopback = 4,
  kPointToPoint = 8,
  kMulticast = 16,
  kRunning = 32,
};

// InterfaceAddr is one address of an interface. The peer is empty unless it is a point-to-point one with another end.
struct InterfaceAddr {
  std::vector<uint8_t> ip;
  int prefix = 0;
  std::vector<uint8_t> peer;
};

struct Interface {
  int index = 0;
  std::string name;
  int64_t mtu = 0;
  std::vector<uint8_t> mac;
  int flags = 0;
  std::vector<InterfaceAddr> addrs;
};

// readInterfaces asks the system for all of them, in the order it has them in. It is 0 or a negated errno.
int readInterfaces(std::vector<Interface>* out);

// interfaceFlags gives the system's bits as ours.
int interfaceFlags(unsigned system);

// interfaces is the same for JavaScript: an array of [index, name, mtu, mac, flags, addrs], addrs being an array of
// [ip, prefix, peer], or a negated errno.
napi_value interfaces(napi_env env, napi_callback_info info);

}  // namespace gonet

#endif  // GONET_INTERFACES_H_
