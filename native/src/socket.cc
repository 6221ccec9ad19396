#include "socket.h"

#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "args.h"
#include "fd.h"
#include "sockaddr.h"
#include "wrap.h"

namespace gonet {

static_assert(kReadable == static_cast<int>(UV_READABLE), "event bits are libuv's");
static_assert(kWritable == static_cast<int>(UV_WRITABLE), "event bits are libuv's");

namespace {

const napi_type_tag kTag = {0x2d5b8f1ce06a4973, 0x81c7f4a93b5e6d02};

const int kSocketTypes[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW};
const int64_t kSocketTypeCount = sizeof(kSocketTypes) / sizeof(kSocketTypes[0]);

const int kShutdowns[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
const int64_t kShutdownCount = sizeof(kShutdowns) / sizeof(kShutdowns[0]);

int systemFamily(int64_t family) {
  switch (family) {
    case kInet4:
      return AF_INET;
    case kInet6:
      return AF_INET6;
    case kUnix:
      return AF_UNIX;
    default:
      return -1;
  }
}

#ifdef __linux__

const int kSendFlags = MSG_NOSIGNAL;

int openSocket(int family, int type, int protocol) {
  return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

int acceptSocket(int fd) { return ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }

#else

const int kSendFlags = 0;

// settle does afterwards what Linux does in the call itself.
int settle(int fd) {
  if (fd < 0) return fd;
  int on = 1;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
      setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on)) == -1) {
    int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int openSocket(int family, int type, int protocol) { return settle(::socket(family, type, protocol)); }

int acceptSocket(int fd) { return settle(::accept(fd, nullptr, nullptr)); }

#endif

}  // namespace

Socket::~Socket() {
  close();
  if (self != nullptr) napi_delete_reference(env, self);
}

void Socket::adopt(int fd) {
  descriptor = fd;
  addon->sockets.insert(this);
  Addon::live++;
}

void Socket::close() {
  if (descriptor == -1) return;
  // First libuv lets go of the descriptor, then it is closed: never one that is still polled.
  closePoll();
  // Not retried on EINTR: the descriptor is gone by then, and its number may already belong to another.
  ::close(descriptor);
  descriptor = -1;
  addon->sockets.erase(this);
  Addon::live--;
}

int Socket::family() {
  if (knownFamily == AF_UNSPEC) {
    SockAddr name{};
    name.length = sizeof(name.storage);
    if (::getsockname(descriptor, name.data(), &name.length) == 0) knownFamily = name.storage.ss_family;
  }
  return knownFamily;
}

int Socket::openPoll() {
  auto* fresh = new Poll{{}, this, addon};
  int rc = uv_poll_init(addon->loop, &fresh->handle, descriptor);
  if (rc != 0) {
    delete fresh;
    return rc;
  }
  fresh->handle.data = fresh;
  addon->polls++;
  poll = fresh;

  napi_value resource = nullptr, name = nullptr;
  napi_get_reference_value(env, self, &resource);
  napi_create_string_utf8(env, "gonet.Socket", NAPI_AUTO_LENGTH, &name);
  if (napi_async_init(env, resource, name, &context) != napi_ok) context = nullptr;
  return 0;
}

void Socket::closePoll() {
  if (poll == nullptr) return;
  uv_poll_stop(&poll->handle);
  poll->socket = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll->handle), [](uv_handle_t* handle) {
    auto* closed = static_cast<Poll*>(handle->data);
    auto addon = closed->addon;
    delete closed;
    addon->pollClosed();
  });
  poll = nullptr;
  if (interest != 0) napi_reference_unref(env, self, nullptr);
  interest = 0;
  if (context != nullptr) napi_async_destroy(env, context);
  context = nullptr;
}

int Socket::arm() { return uv_poll_start(&poll->handle, interest, onPoll); }

int Socket::setInterest(int events) {
  if (descriptor == -1) return -EBADF;
  if (events == interest) return 0;
  if (events == 0) {
    interest = 0;
    napi_reference_unref(env, self, nullptr);
    return uv_poll_stop(&poll->handle);
  }
  if (poll == nullptr) {
    int rc = openPoll();
    if (rc != 0) return rc;
  }
  int before = interest;
  interest = events;
  int rc = arm();
  if (rc != 0) {
    interest = before;
    return rc;
  }
  if (before == 0) napi_reference_ref(env, self, nullptr);
  return 0;
}

void Socket::onPoll(uv_poll_t* handle, int status, int events) {
  Socket* socket = static_cast<Poll*>(handle->data)->socket;
  if (socket == nullptr) return;
  if (status >= 0) {
    socket->deliver(events & (kReadable | kWritable));
    return;
  }
  // The status says EBADF for every error condition and libuv has stopped the handle. Which error it is, the
  // next call on the socket tells, so that one is invited; polling goes on until somebody ends it.
  socket->arm();
  socket->deliver(kReadable | kWritable);
}

void Socket::deliver(int events) {
  napi_env env = this->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value object, onReady;
  napi_valuetype type;
  if (napi_get_reference_value(env, self, &object) == napi_ok && object != nullptr &&
      napi_get_named_property(env, object, "onReady", &onReady) == napi_ok &&
      napi_typeof(env, onReady, &type) == napi_ok && type == napi_function) {
    napi_value event = number(env, events);
    napi_make_callback(env, context, object, onReady, 1, &event, nullptr);
    // From here on this may be closed, and is not touched.
    bool isPending = false;
    napi_is_exception_pending(env, &isPending);
    napi_value thrown;
    if (isPending && napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
  }
  napi_close_handle_scope(env, scope);
}

napi_value Socket::construct(napi_env env, napi_callback_info info) {
  napi_value object;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr) != napi_ok) return nullptr;
  auto addon = Addon::of(env);
  if (!addon) return nullptr;
  auto* socket = new Socket(env, std::move(addon));
  if (!wrap(env, object, &kTag, socket, finalize, &socket->self)) {
    delete socket;
    return nullptr;
  }
  return object;
}

void Socket::finalize(napi_env, void* data, void*) { delete static_cast<Socket*>(data); }

napi_value Socket::make(napi_env env, int fd) {
  auto addon = Addon::of(env);
  napi_value constructor, object;
  if (addon && napi_get_reference_value(env, addon->constructor, &constructor) == napi_ok &&
      napi_new_instance(env, constructor, 0, nullptr, &object) == napi_ok) {
    if (auto* socket = unwrap<Socket>(env, object, &kTag)) {
      socket->adopt(fd);
      return object;
    }
  }
  ::close(fd);
  return nullptr;
}

int Socket::typeIndex(int type) {
  for (int index = 0; index < kSocketTypeCount; index++) {
    if (kSocketTypes[index] == type) return index;
  }
  return -1;
}

napi_value Socket::open(napi_env env, napi_callback_info info) {
  size_t count = maxArgs;
  napi_value args[maxArgs];
  int64_t family, type, protocol;
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok ||
      !readInt(env, args[0], "family", kUnix, kInet6, &family) ||
      !readInt(env, args[1], "type", 0, kSocketTypeCount - 1, &type) ||
      !readInt(env, args[2], "protocol", 0, INT_MAX, &protocol)) {
    return nullptr;
  }
  int domain = systemFamily(family);
  if (domain == -1) {
    throwRange(env, "family", "4, 6 or 1");
    return nullptr;
  }
  int fd = openSocket(domain, kSocketTypes[type], static_cast<int>(protocol));
  return fd == -1 ? result(env, -1) : make(env, fd);
}

template <napi_value (Socket::*method)(const napi_value*)>
napi_value Socket::call(napi_env env, napi_callback_info info) {
  size_t count = maxArgs;
  napi_value args[maxArgs], object;
  if (napi_get_cb_info(env, info, &count, args, &object, nullptr) != napi_ok) return nullptr;
  auto* socket = unwrap<Socket>(env, object, &kTag);
  if (socket == nullptr) {
    throwType(env, "this", "a socket");
    return nullptr;
  }
  return (socket->*method)(args);
}

napi_value Socket::fdMethod(const napi_value*) { return number(env, descriptor); }

napi_value Socket::waitMethod(const napi_value* args) {
  int64_t events;
  if (!readInt(env, args[0], "events", 0, kReadable | kWritable, &events)) return nullptr;
  return number(env, setInterest(static_cast<int>(events)));
}

napi_value Socket::bindMethod(const napi_value* args) {
  SockAddr address;
  int error;
  if (!readSockAddr(env, args[0], &address, &error)) return nullptr;
  if (error != 0) return number(env, -error);
  return result(env, ::bind(descriptor, address.data(), address.length));
}

napi_value Socket::listenMethod(const napi_value* args) {
  int64_t backlog;
  if (!readInt(env, args[0], "backlog", 0, INT_MAX, &backlog)) return nullptr;
  return result(env, ::listen(descriptor, static_cast<int>(backlog)));
}

napi_value Socket::connectMethod(const napi_value* args) {
  SockAddr address;
  int error;
  if (!readSockAddr(env, args[0], &address, &error)) return nullptr;
  if (error != 0) return number(env, -error);
  // An interrupted connect goes on by itself, and calling again would only say EALREADY: so it is not retried.
  return result(env, ::connect(descriptor, address.data(), address.length));
}

napi_value Socket::acceptMethod(const napi_value*) {
  int fd;
  // A connection that was aborted while it waited is nobody's error: the next one is taken.
  do {
    fd = acceptSocket(descriptor);
  } while (fd == -1 && (errno == EINTR || errno == ECONNABORTED));
  return fd == -1 ? result(env, -1) : make(env, fd);
}

napi_value Socket::readMethod(const napi_value* args) {
  Bytes bytes;
  if (!readRange(env, args, &bytes)) return nullptr;
  return result(env, retry([&] { return ::recv(descriptor, bytes.data, bytes.length, 0); }));
}

napi_value Socket::writeMethod(const napi_value* args) {
  Bytes bytes;
  if (!readRange(env, args, &bytes)) return nullptr;
  return result(env, retry([&] { return ::send(descriptor, bytes.data, bytes.length, kSendFlags); }));
}

napi_value Socket::shutdownMethod(const napi_value* args) {
  int64_t how;
  if (!readInt(env, args[0], "how", 0, kShutdownCount - 1, &how)) return nullptr;
  return result(env, ::shutdown(descriptor, kShutdowns[how]));
}

napi_value Socket::localAddrMethod(const napi_value*) {
  SockAddr address{};
  address.length = sizeof(address.storage);
  if (::getsockname(descriptor, address.data(), &address.length) == -1) return result(env, -1);
  return makeSockAddr(env, address);
}

napi_value Socket::remoteAddrMethod(const napi_value*) {
  SockAddr address{};
  address.length = sizeof(address.storage);
  if (::getpeername(descriptor, address.data(), &address.length) == -1) return result(env, -1);
  return makeSockAddr(env, address);
}

napi_value Socket::kindMethod(const napi_value*) { return makeKind(env, descriptor); }

napi_value Socket::dupMethod(const napi_value*) {
  int fd = duplicate(descriptor);
  return fd == -1 ? result(env, -1) : Fd::make(env, fd);
}

napi_value Socket::closeMethod(const napi_value*) {
  close();
  return undefined(env);
}

napi_value Socket::define(napi_env env) {
#define METHOD(name, method) \
  { name, nullptr, call<&Socket::method>, nullptr, nullptr, nullptr, napi_default_method, nullptr }
  const napi_property_descriptor methods[] = {
      {"fd", nullptr, nullptr, call<&Socket::fdMethod>, nullptr, nullptr, napi_default, nullptr},
      METHOD("wait", waitMethod),
      METHOD("bind", bindMethod),
      METHOD("listen", listenMethod),
      METHOD("connect", connectMethod),
      METHOD("accept", acceptMethod),
      METHOD("read", readMethod),
      METHOD("write", writeMethod),
      METHOD("recvMsg", recvMsgMethod),
      METHOD("sendMsg", sendMsgMethod),
      METHOD("shutdown", shutdownMethod),
      METHOD("localAddr", localAddrMethod),
      METHOD("remoteAddr", remoteAddrMethod),
      METHOD("getOption", getOptionMethod),
      METHOD("setOption", setOptionMethod),
      METHOD("getLinger", getLingerMethod),
      METHOD("setLinger", setLingerMethod),
      METHOD("setMulticastInterface", setMulticastInterfaceMethod),
      METHOD("setMulticastLoop", setMulticastLoopMethod),
      METHOD("setMulticastTTL", setMulticastTTLMethod),
      METHOD("joinGroup", joinGroupMethod),
      METHOD("leaveGroup", leaveGroupMethod),
      METHOD("kind", kindMethod),
      METHOD("dup", dupMethod),
      METHOD("close", closeMethod),
  };
#undef METHOD
  napi_value made = nullptr;
  napi_define_class(env, "Socket", NAPI_AUTO_LENGTH, construct, nullptr, sizeof(methods) / sizeof(methods[0]),
                    methods, &made);
  return made;
}

}  // namespace gonet
