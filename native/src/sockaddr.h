// Socket addresses to and from JavaScript, in the one shape they have everywhere above the kernel:
//   [4, Uint8Array(4), port]   [6, Uint8Array(16), port, zone]   [1, name bytes]
#ifndef GONET_SOCKADDR_H_
#define GONET_SOCKADDR_H_

#include <cstdint>
#include <string>

#include <sys/socket.h>

#include <node_api.h>

namespace gonet {

// The family numbers of a SockAddr. They are ours, not the system's: AF_INET6 differs from system to system.
enum Family { kUnix = 1, kInet4 = 4, kInet6 = 6 };

struct SockAddr {
  sockaddr_storage storage;
  socklen_t length;

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
};

// readSockAddr fills an address. False means that it has thrown. A name no sockaddr_un can hold is no mistake of
// the type, so it sets *error to an errno, as the kernel would, and is true.
bool readSockAddr(napi_env env, napi_value value, SockAddr* out, int* error);

// makeSockAddr gives an address to JavaScript; null if it is of no family, or of one that is not known here.
napi_value makeSockAddr(napi_env env, const SockAddr& address);

// PlainSockAddr is an address as plain memory, for where making an object for each would cost too much: JavaScript
// reads it out of the memory it gave. The family is 0 if there is no address.
struct PlainSockAddr {
  int32_t family;
  int32_t port;
  int32_t zone;
  int32_t size;
  uint8_t name[128];
};

void plainSockAddr(const SockAddr& address, PlainSockAddr* out);

// zoneName is the name of an interface, or its index as text if there is no such interface. 0 has no name.
std::string zoneName(uint32_t index);

}  // namespace gonet

#endif  // GONET_SOCKADDR_H_
