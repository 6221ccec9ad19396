#include "rawio.h"

#include <cerrno>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "args.h"

namespace gonet {

namespace {

// How a descriptor has to be treated so that a call on it returns at once.
enum class Kind {
  kReady,   // it never waits: nonblocking already, or a file
  kSocket,  // each call can say that it must not wait
  kPipe,    // so it can on Linux
  kOther,   // it has to be made nonblocking for the call: a terminal, a device
};

bool kindOf(int fd, Kind* out) {
  struct stat status;
  int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1 || ::fstat(fd, &status) == -1) return false;
  if (S_ISSOCK(status.st_mode)) {
    *out = Kind::kSocket;
  } else if ((flags & O_NONBLOCK) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ||
             S_ISBLK(status.st_mode)) {
    *out = Kind::kReady;
  } else {
    *out = S_ISFIFO(status.st_mode) ? Kind::kPipe : Kind::kOther;
  }
  return true;
}

// Nonblocking makes an open file nonblocking while it lives. Whoever shares the open file sees it, too, so this is only
// for what cannot be asked in another way: a terminal that poll(2) calls writable still waits for room for all of a write.
class Nonblocking {
 public:
  explicit Nonblocking(int fd) : fd(fd), flags(::fcntl(fd, F_GETFL)) {
    if (flags != -1) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  }

  ~Nonblocking() {
    int error = errno;
    if (flags != -1) ::fcntl(fd, F_SETFL, flags);
    errno = error;
  }

  Nonblocking(const Nonblocking&) = delete;
  Nonblocking& operator=(const Nonblocking&) = delete;

 private:
  int fd;
  int flags;
};

// Quiet keeps a write to a pipe without a reader from raising SIGPIPE in this thread while it lives. A program has the
// signal ignored as a rule, but that is the program's choice.
class Quiet {
 public:
  Quiet() {
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    wasPending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
  }

  ~Quiet() {
    int error = errno;
    sigset_t pending;
    sigpending(&pending);
    int signal;
    // Only a signal that is pending is taken, so this does not wait.
    if (!wasPending && sigismember(&pending, SIGPIPE) == 1) sigwait(&pipe, &signal);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
  }

 private:
  sigset_t pipe, before;
  bool wasPending;
};

}  // namespace

ssize_t readNow(int fd, void* to, size_t size) {
  Kind kind;
  if (!kindOf(fd, &kind)) return -1;
  if (kind == Kind::kSocket) return retry([&] { return ::recv(fd, to, size, MSG_DONTWAIT); });
#ifdef RWF_NOWAIT
  if (kind == Kind::kPipe) {
    // Asking poll first would not do alone: another reader of the same pipe may be faster.
    iovec part{to, size};
    ssize_t n = retry([&] { return ::preadv2(fd, &part, 1, -1, RWF_NOWAIT); });
    if (n != -1 || (errno != EOPNOTSUPP && errno != ENOSYS)) return n;
  }
#endif
  if (kind == Kind::kReady) return retry([&] { return ::read(fd, to, size); });
  Nonblocking now(fd);
  return retry([&] { return ::read(fd, to, size); });
}

ssize_t writeNow(int fd, const void* from, size_t size) {
  Kind kind;
  if (!kindOf(fd, &kind)) return -1;
  Quiet quiet;
  if (kind == Kind::kSocket) return retry([&] { return ::send(fd, from, size, MSG_DONTWAIT); });
#ifdef RWF_NOWAIT
  if (kind == Kind::kPipe) {
    iovec part{const_cast<void*>(from), size};
    ssize_t n = retry([&] { return ::pwritev2(fd, &part, 1, -1, RWF_NOWAIT); });
    if (n != -1 || (errno != EOPNOTSUPP && errno != ENOSYS)) return n;
  }
#endif
  if (kind == Kind::kReady) return retry([&] { return ::write(fd, from, size); });
  Nonblocking now(fd);
  return retry([&] { return ::write(fd, from, size); });
}

}  // namespace gonet
