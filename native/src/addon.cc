#include "addon.h"

#include "socket.h"

namespace gonet {

std::atomic<int> Addon::live{0};
std::atomic<int> Addon::liveFds{0};

std::shared_ptr<Addon> Addon::start(napi_env env) {
  auto addon = std::make_shared<Addon>();
  addon->env = env;
  if (napi_get_uv_event_loop(env, &addon->loop) != napi_ok) return nullptr;

  auto* held = new std::shared_ptr<Addon>(addon);
  auto drop = [](napi_env env, void* data, void*) {
    auto* held = static_cast<std::shared_ptr<Addon>*>(data);
    for (napi_ref constructor : {(*held)->constructor, (*held)->fdConstructor}) {
      if (constructor != nullptr) napi_delete_reference(env, constructor);
    }
    delete held;
  };
  if (napi_set_instance_data(env, held, drop, nullptr) != napi_ok) {
    delete held;
    return nullptr;
  }
  // The hook is asynchronous because libuv closes a handle in a later turn of the loop. A finalizer alone would
  // come when the loop is gone, and Node aborts if a loop ends with open handles.
  if (napi_add_async_cleanup_hook(env, Addon::end, addon.get(), &addon->hook) != napi_ok) return nullptr;
  return addon;
}

std::shared_ptr<Addon> Addon::of(napi_env env) {
  void* data = nullptr;
  if (napi_get_instance_data(env, &data) != napi_ok || data == nullptr) return nullptr;
  return *static_cast<std::shared_ptr<Addon>*>(data);
}

void Addon::end(napi_async_cleanup_hook_handle, void* data) {
  auto addon = static_cast<Addon*>(data)->shared_from_this();
  addon->isEnding = true;
  // close() takes the socket out of the set, so the set is never walked while it changes.
  while (!addon->sockets.empty()) (*addon->sockets.begin())->close();
  if (addon->polls == 0) addon->leave();
}

void Addon::pollClosed() {
  polls--;
  if (isEnding && polls == 0) leave();
}

void Addon::leave() {
  napi_async_cleanup_hook_handle last = hook;
  hook = nullptr;
  if (last != nullptr) napi_remove_async_cleanup_hook(last);
}

}  // namespace gonet
