#include "fd.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "args.h"
#include "rawio.h"
#include "sockaddr.h"
#include "socket.h"
#include "wrap.h"

namespace gonet {

namespace {

const napi_type_tag kTag = {0x9a1f6c0be5d74f21, 0xb3e80d6f2c9147a5};

// ourFamily is the family as it is numbered everywhere above the kernel.
int ourFamily(int family) {
  switch (family) {
    case AF_INET:
      return kInet4;
    case AF_INET6:
      return kInet6;
    case AF_UNIX:
      return kUnix;
    default:
      return -1;
  }
}

}  // namespace

int duplicate(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }

napi_value makeKind(napi_env env, int fd) {
  int type = 0;
  socklen_t length = sizeof(type);
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == -1) return result(env, -1);
  SockAddr name{};
  name.length = sizeof(name.storage);
  if (::getsockname(fd, name.data(), &name.length) == -1) return result(env, -1);
  int protocol = 0;
#ifdef SO_PROTOCOL
  length = sizeof(protocol);
  if (::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == -1) return result(env, -1);
#endif
  return makeArray(env, {number(env, ourFamily(name.storage.ss_family)), number(env, Socket::typeIndex(type)),
                         number(env, protocol)});
}

Fd::~Fd() {
  close();
  if (self != nullptr) napi_delete_reference(env, self);
}

void Fd::close() {
  if (descriptor == -1) return;
  // Not retried on EINTR: the descriptor is gone by then, and its number may already belong to another.
  ::close(descriptor);
  descriptor = -1;
  Addon::liveFds--;
}

napi_value Fd::construct(napi_env env, napi_callback_info info) {
  napi_value object;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr) != napi_ok) return nullptr;
  auto* fd = new Fd(env);
  if (!wrap(env, object, &kTag, fd, finalize, &fd->self)) {
    delete fd;
    return nullptr;
  }
  return object;
}

void Fd::finalize(napi_env, void* data, void*) { delete static_cast<Fd*>(data); }

napi_value Fd::make(napi_env env, int descriptor) {
  auto addon = Addon::of(env);
  napi_value constructor, object;
  if (addon && napi_get_reference_value(env, addon->fdConstructor, &constructor) == napi_ok &&
      napi_new_instance(env, constructor, 0, nullptr, &object) == napi_ok) {
    if (Fd* fd = of(env, object)) {
      fd->descriptor = descriptor;
      Addon::liveFds++;
      return object;
    }
  }
  ::close(descriptor);
  return nullptr;
}

Fd* Fd::of(napi_env env, napi_value object) { return unwrap<Fd>(env, object, &kTag); }

template <napi_value (Fd::*method)(const napi_value*)>
napi_value Fd::call(napi_env env, napi_callback_info info) {
  size_t count = maxArgs;
  napi_value args[maxArgs], object;
  if (napi_get_cb_info(env, info, &count, args, &object, nullptr) != napi_ok) return nullptr;
  Fd* fd = of(env, object);
  if (fd == nullptr) {
    throwType(env, "this", "a descriptor");
    return nullptr;
  }
  return (fd->*method)(args);
}

napi_value Fd::fdMethod(const napi_value*) { return gonet::number(env, descriptor); }

napi_value Fd::dupMethod(const napi_value*) {
  int fd = duplicate(descriptor);
  return fd == -1 ? result(env, -1) : make(env, fd);
}

napi_value Fd::kindMethod(const napi_value*) { return makeKind(env, descriptor); }

napi_value Fd::toSocketMethod(const napi_value*) {
  int fd = duplicate(descriptor);
  if (fd == -1) return result(env, -1);
  int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
    napi_value failed = result(env, -1);
    ::close(fd);
    return failed;
  }
  return Socket::make(env, fd);
}

napi_value Fd::readMethod(const napi_value* args) {
  Bytes bytes;
  if (!readRange(env, args, &bytes)) return nullptr;
  return result(env, readNow(descriptor, bytes.data, bytes.length));
}

napi_value Fd::writeMethod(const napi_value* args) {
  Bytes bytes;
  if (!readRange(env, args, &bytes)) return nullptr;
  return result(env, writeNow(descriptor, bytes.data, bytes.length));
}

napi_value Fd::closeMethod(const napi_value*) {
  close();
  return undefined(env);
}

napi_value Fd::define(napi_env env) {
#define METHOD(name, method) \
  { name, nullptr, call<&Fd::method>, nullptr, nullptr, nullptr, napi_default_method, nullptr }
  const napi_property_descriptor methods[] = {
      {"fd", nullptr, nullptr, call<&Fd::fdMethod>, nullptr, nullptr, napi_default, nullptr},
      METHOD("dup", dupMethod),
      METHOD("kind", kindMethod),
      METHOD("toSocket", toSocketMethod),
      METHOD("read", readMethod),
      METHOD("write", writeMethod),
      METHOD("close", closeMethod),
  };
#undef METHOD
  napi_value made = nullptr;
  napi_define_class(env, "Fd", NAPI_AUTO_LENGTH, construct, nullptr, sizeof(methods) / sizeof(methods[0]), methods,
                    &made);
  return made;
}

}  // namespace gonet
