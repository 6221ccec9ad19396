#ifndef GONET_SOCKET_H_
#define GONET_SOCKET_H_

#include <memory>

#include <node_api.h>
#include <uv.h>

#include "addon.h"

namespace gonet {

// What a socket waits for and is ready for, as bits.
enum Event { kReadable = 1, kWritable = 2 };

// Socket is one nonblocking descriptor and, once somebody waited, its poll handle. It decides nothing: each method
// is one system call, and returns what the call gave or the negated errno.
//
// Who holds whom: JavaScript's object owns the Socket. While the socket is polled the Socket holds the object
// strongly, since nobody else may; otherwise weakly, and the finalizer closes what was dropped.
class Socket {
 public:
  // define makes the JavaScript class.
  static napi_value define(napi_env env);

  // make gives a new JavaScript object that owns fd. If it cannot be made, fd is closed and an exception pends.
  static napi_value make(napi_env env, int fd);

  // open is socket(2), for JavaScript: (family, type, protocol) to a socket or a negated errno.
  static napi_value open(napi_env env, napi_callback_info info);

  // typeIndex is the number JavaScript has for a type of socket; -1 if it has none.
  static int typeIndex(int type);

  // close ends the polling and then the descriptor, once. The kernel's peers see it before close returns.
  void close();

 private:
  // Poll is a poll handle with memory of its own: libuv needs it until a later turn of the loop, when the socket
  // may be gone. It belongs to one descriptor only, so an event of a closed one never reaches its successor.
  struct Poll {
    uv_poll_t handle;
    Socket* socket;
    std::shared_ptr<Addon> addon;
  };

  Socket(napi_env env, std::shared_ptr<Addon> addon) : env(env), addon(std::move(addon)) {}
  ~Socket();

  static napi_value construct(napi_env env, napi_callback_info info);
  static void finalize(napi_env env, void* data, void* hint);
  static void onPoll(uv_poll_t* handle, int status, int events);

  // adopt takes over a descriptor.
  void adopt(int fd);

  // setInterest is the only place that arms libuv, always with the whole mask. It returns 0 or a negated errno.
  int setInterest(int events);
  int openPoll();
  void closePoll();
  int arm();

  // deliver tells JavaScript. The socket may be closed when it returns.
  void deliver(int events);

  // The methods as JavaScript calls them. There are always maxArgs arguments; those not given are undefined.
  static const size_t maxArgs = 6;
  template <napi_value (Socket::*method)(const napi_value*)>
  static napi_value call(napi_env env, napi_callback_info info);

  napi_value fdMethod(const napi_value* args);
  napi_value waitMethod(const napi_value* args);
  napi_value bindMethod(const napi_value* args);
  napi_value listenMethod(const napi_value* args);
  napi_value connectMethod(const napi_value* args);
  napi_value acceptMethod(const napi_value* args);
  napi_value readMethod(const napi_value* args);
  napi_value writeMethod(const napi_value* args);
  napi_value recvMsgMethod(const napi_value* args);
  napi_value sendMsgMethod(const napi_value* args);
  napi_value shutdownMethod(const napi_value* args);
  napi_value localAddrMethod(const napi_value* args);
  napi_value remoteAddrMethod(const napi_value* args);
  napi_value getOptionMethod(const napi_value* args);
  napi_value setOptionMethod(const napi_value* args);
  napi_value getLingerMethod(const napi_value* args);
  napi_value setLingerMethod(const napi_value* args);
  napi_value setMulticastInterfaceMethod(const napi_value* args);
  napi_value setMulticastLoopMethod(const napi_value* args);
  napi_value setMulticastTTLMethod(const napi_value* args);
  napi_value joinGroupMethod(const napi_value* args);
  napi_value leaveGroupMethod(const napi_value* args);
  napi_value kindMethod(const napi_value* args);
  napi_value dupMethod(const napi_value* args);
  napi_value closeMethod(const napi_value* args);

  // family is the system's number of the socket's family, or AF_UNSPEC if it cannot be asked. It never changes, so it is
  // asked once.
  int family();

  napi_value changeGroup(const napi_value* args, bool joins);

  napi_env env;
  std::shared_ptr<Addon> addon;
  napi_ref self = nullptr;
  napi_async_context context = nullptr;
  Poll* poll = nullptr;
  int descriptor = -1;
  int knownFamily = 0;
  int interest = 0;
};

// options makes an object from option name to the number getOption and setOption take.
napi_value options(napi_env env);

}  // namespace gonet

#endif  // GONET_SOCKET_H_
