#ifndef GONET_ADDON_H_
#define GONET_ADDON_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <unordered_set>

#include <node_api.h>
#include <uv.h>

namespace gonet {

class Socket;

// Addon is what one environment (the main thread, or one worker) has of the addon. Sockets and their poll handles
// hold it too, because they may outlive the environment's own hold.
class Addon : public std::enable_shared_from_this<Addon> {
 public:
  // start makes the environment's Addon and arranges for its end. Null if the environment refuses.
  static std::shared_ptr<Addon> start(napi_env env);

  // of finds it again.
  static std::shared_ptr<Addon> of(napi_env env);

  // pollClosed is called by each poll handle when libuv has let go of it.
  void pollClosed();

  napi_env env = nullptr;
  uv_loop_t* loop = nullptr;
  napi_ref constructor = nullptr;
  napi_ref fdConstructor = nullptr;

  // The sockets with a descriptor, to be closed when the environment ends before they do.
  std::unordered_set<Socket*> sockets;

  // Poll handles libuv has not let go of yet. The environment must not end before there are none.
  size_t polls = 0;

  // Sockets with a descriptor in the whole process, for tests that look for leaks.
  static std::atomic<int> live;

  // The same for the descriptors that are no sockets.
  static std::atomic<int> liveFds;

 private:
  static void end(napi_async_cleanup_hook_handle hook, void* data);
  void leave();

  napi_async_cleanup_hook_handle hook = nullptr;
  bool isEnding = false;
};

}  // namespace gonet

#endif  // GONET_ADDON_H_
