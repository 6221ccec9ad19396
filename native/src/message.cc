// Messages with addresses and ancillary data: recvmsg(2) and sendmsg(2).

#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "args.h"
#include "fd.h"
#include "sockaddr.h"
#include "socket.h"

namespace gonet {

namespace {

#ifdef __linux__
const int kCloseOnExec = MSG_CMSG_CLOEXEC;
const int kSendFlags = MSG_NOSIGNAL;

// A descriptor of the sender's process, which the kernel adds if a socket was set to ask for it. Older headers do not
// name it.
const int kPidfd = 4;
#else
const int kCloseOnExec = 0;
const int kSendFlags = 0;
const int kPidfd = -1;
#endif

// No kernel passes so many descriptors at once (Linux 253); a longer list is not even looked at.
const uint32_t kMaxDescriptors = 1024;

// Facts is what is known of a message besides its bytes. JavaScript gives the memory for it with each call and reads it
// there, because making an object for each datagram would take as long as receiving it. native/message.ts knows the
// layout.
struct Facts {
  int32_t n;
  int32_t flags;
  int32_t controlSize;
  int32_t reserved;
  PlainSockAddr from;
};

// eachControl calls visit(header, offset of the data, its size) for each control message, by the kernel's own rules: what
// is too short for a header at the end is no message. It is false at the first one whose length cannot be.
template <typename Visit>
bool eachControl(const uint8_t* control, size_t size, Visit visit) {
  size_t at = 0;
  while (size - at >= sizeof(cmsghdr)) {
    cmsghdr header;
    memcpy(&header, control + at, sizeof(header));
    size_t length = header.cmsg_len;
    if (length < CMSG_LEN(0) || length > size - at) return false;
    visit(header, at + CMSG_LEN(0), length - CMSG_LEN(0));
    size_t step = CMSG_SPACE(length - CMSG_LEN(0));
    if (step > size - at) break;
    at += step;
  }
  return true;
}

bool isRights(const cmsghdr& header) { return header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS; }

// Right is a descriptor in ancillary data.
struct Right {
  int fd;
  size_t offset;
};

// receivedRights finds every descriptor the kernel has put into this process with a message.
std::vector<Right> receivedRights(const uint8_t* control, size_t size) {
  std::vector<Right> rights;
  eachControl(control, size, [&](const cmsghdr& header, size_t at, size_t length) {
    bool isPidfd = header.cmsg_level == SOL_SOCKET && header.cmsg_type == kPidfd;
    if (!isRights(header) && !isPidfd) return;
    for (; length >= sizeof(int); at += sizeof(int), length -= sizeof(int)) {
      int fd;
      memcpy(&fd, control + at, sizeof(fd));
      if (fd >= 0) rights.push_back({fd, at});
    }
  });
  return rights;
}

// makeRights gives descriptors to JavaScript: [fd, offset, fd, offset, ...]. Each of them is owned or closed then,
// whatever happens.
napi_value makeRights(napi_env env, const std::vector<Right>& rights) {
  napi_value array = nullptr;
  if (napi_create_array(env, &array) != napi_ok) array = nullptr;
  uint32_t index = 0;
  for (const Right& right : rights) {
    if (array == nullptr) {
      ::close(right.fd);
      continue;
    }
#ifndef __linux__
    ::fcntl(right.fd, F_SETFD, FD_CLOEXEC);
#endif
    napi_value fd = Fd::make(env, right.fd);
    if (fd == nullptr || napi_set_element(env, array, index++, fd) != napi_ok ||
        napi_set_element(env, array, index++, number(env, static_cast<int64_t>(right.offset))) != napi_ok) {
      array = nullptr;
    }
  }
  return array;
}

// isDatagram is whether a message may be empty. On a socket of another type, ancillary data travels with at least one
// byte.
bool isDatagram(int fd) {
  int type = 0;
  socklen_t length = sizeof(type);
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM;
}

// readFds takes the descriptors of an array of Fd; -1 stands for a closed one. Getters of the array may run, so nothing
// that JavaScript can change may be known before.
bool readFds(napi_env env, napi_value array, std::vector<int>* out) {
  uint32_t count = 0;
  if (napi_get_array_length(env, array, &count) != napi_ok) return throwType(env, "fds", "an array");
  if (count > kMaxDescriptors) return throwRange(env, "fds", "short enough to be passed");
  std::vector<napi_value> values(count);
  for (uint32_t i = 0; i < count; i++) {
    if (napi_get_element(env, array, i, &values[i]) != napi_ok) return false;
  }
  for (napi_value value : values) {
    Fd* fd = Fd::of(env, value);
    if (fd == nullptr) return throwType(env, "fds", "an array of descriptors");
    out->push_back(fd->number());
  }
  return true;
}

// placeFds writes the descriptors into ancillary data, in place of the numbers there. It is false if that is malformed
// or has not exactly as many places.
bool placeFds(std::vector<uint8_t>* control, const std::vector<int>& fds) {
  size_t used = 0;
  bool isWhole = eachControl(control->data(), control->size(), [&](const cmsghdr& header, size_t at, size_t length) {
    if (!isRights(header)) return;
    for (; length >= sizeof(int); at += sizeof(int), length -= sizeof(int)) {
      if (used < fds.size()) memcpy(control->data() + at, &fds[used], sizeof(int));
      used++;
    }
  });
  return isWhole && used == fds.size();
}

bool isNullish(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined);
}

}  // namespace

// (bytes, offset, length, control, facts): control has as many bytes as are asked for. It gives the number of bytes, or
// what makeRights makes if descriptors came.
napi_value Socket::recvMsgMethod(const napi_value* args) {
  Bytes bytes, control, known;
  if (!readRange(env, args, &bytes) || !readBytes(env, args[3], "control", &control) ||
      !readBytes(env, args[4], "facts", &known)) {
    return nullptr;
  }
  if (known.length < sizeof(Facts)) {
    throwRange(env, "facts", "as long as the facts are");
    return nullptr;
  }

  SockAddr from{};
  uint8_t spare;
  iovec part{bytes.data, bytes.length};
  if (control.length > 0 && bytes.length == 0 && !isDatagram(descriptor)) part = {&spare, sizeof(spare)};
  msghdr message{};
  message.msg_name = from.data();
  message.msg_namelen = sizeof(from.storage);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.length > 0 ? control.data : nullptr;
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(control.length);
  // Only Unix sockets pass descriptors. Elsewhere Go does not ask for this, and the flags of the message repeat it.
  int flags = family() == AF_UNIX ? kCloseOnExec : 0;
  ssize_t n = retry([&] { return ::recvmsg(descriptor, &message, flags); });
  if (n == -1) return result(env, -1);

  from.length = message.msg_namelen;
  size_t size = control.length > 0 ? message.msg_controllen : 0;
  Facts facts{};
  facts.n = static_cast<int32_t>(n);
  facts.flags = message.msg_flags;
  facts.controlSize = static_cast<int32_t>(size);
  plainSockAddr(from, &facts.from);
  memcpy(known.data, &facts, sizeof(facts));
  if (size == 0) return number(env, n);

  std::vector<Right> rights = receivedRights(control.data, size);
  return rights.empty() ? number(env, n) : makeRights(env, rights);
}

// (bytes, offset, length, to, control, fds): to and control may be null.
napi_value Socket::sendMsgMethod(const napi_value* args) {
  // The address and the descriptors come first: taking them can run JavaScript, and the bytes must not move afterwards.
  SockAddr to{};
  int error = 0;
  std::vector<int> fds;
  Bytes bytes, given{nullptr, 0};
  bool hasAddress = !isNullish(env, args[3]);
  if (hasAddress && !readSockAddr(env, args[3], &to, &error)) return nullptr;
  if (!readFds(env, args[5], &fds) || !readRange(env, args, &bytes)) return nullptr;
  if (!isNullish(env, args[4]) && !readBytes(env, args[4], "control", &given)) return nullptr;
  if (error != 0) return number(env, -error);

  // A copy, because the descriptors' numbers are not the caller's to see.
  std::vector<uint8_t> control(given.data, given.data + given.length);
  if (!placeFds(&control, fds)) return number(env, -EINVAL);

  uint8_t spare = 0;
  iovec part{bytes.data, bytes.length};
  bool isSpare = !control.empty() && bytes.length == 0 && !isDatagram(descriptor);
  if (isSpare) part = {&spare, sizeof(spare)};
  msghdr message{};
  if (hasAddress) {
    message.msg_name = to.data();
    message.msg_namelen = to.length;
  }
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.empty() ? nullptr : control.data();
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(control.size());
  ssize_t n = retry([&] { return ::sendmsg(descriptor, &message, kSendFlags); });
  return result(env, n > 0 && isSpare ? 0 : n);
}

}  // namespace gonet
