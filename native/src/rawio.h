// Reading and writing a descriptor that came from somewhere else. It may be of any kind and may block, and to make it
// nonblocking would do so for everyone who shares it. So these leave its state as it is, if need be after having changed
// it for the time of the call, and yet return at once.
#ifndef GONET_RAWIO_H_
#define GONET_RAWIO_H_

#include <cstddef>

#include <sys/types.h>

namespace gonet {

// readNow is read(2). If nothing can be read without waiting it fails with EAGAIN.
//
// BUG: a regular file on a slow disk, and a device whose driver ignores O_NONBLOCK, still make it wait.
ssize_t readNow(int fd, void* to, size_t size);

// writeNow is write(2). It may take fewer bytes, and fails with EAGAIN if it can take none without waiting. Nobody at
// the other end is EPIPE, never a signal. What is said of readNow about files holds here too.
ssize_t writeNow(int fd, const void* from, size_t size);

}  // namespace gonet

#endif  // GONET_RAWIO_H_
