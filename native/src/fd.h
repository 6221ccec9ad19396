#ifndef GONET_FD_H_
#define GONET_FD_H_

#include <node_api.h>

namespace gonet {

// Fd is one owned descriptor of any kind: a file, a pipe, a socket. It is not polled, and its methods are each one
// thing asked of the system that returns at once; they give a result or the negated errno.
class Fd {
 public:
  // define makes the JavaScript class.
  static napi_value define(napi_env env);

  // make gives a new JavaScript object that owns descriptor. If it cannot be made, descriptor is closed and an
  // exception pends.
  static napi_value make(napi_env env, int descriptor);

  // of finds the Fd of a JavaScript object. Null if it is none.
  static Fd* of(napi_env env, napi_value object);

  // number is the descriptor, -1 after close.
  int number() const { return descriptor; }

 private:
  explicit Fd(napi_env env) : env(env) {}
  ~Fd();

  static napi_value construct(napi_env env, napi_callback_info info);
  static void finalize(napi_env env, void* data, void* hint);

  void close();

  // The methods as JavaScript calls them, as in Socket.
  static const size_t maxArgs = 3;
  template <napi_value (Fd::*method)(const napi_value*)>
  static napi_value call(napi_env env, napi_callback_info info);

  napi_value fdMethod(const napi_value* args);
  napi_value dupMethod(const napi_value* args);
  napi_value kindMethod(const napi_value* args);
  napi_value toSocketMethod(const napi_value* args);
  napi_value readMethod(const napi_value* args);
  napi_value writeMethod(const napi_value* args);
  napi_value closeMethod(const napi_value* args);

  napi_env env;
  napi_ref self = nullptr;
  int descriptor = -1;
};

// duplicate gives another descriptor of the same thing, which is not inherited; -1 with errno if it fails.
int duplicate(int fd);

// makeKind tells JavaScript what socket a descriptor is: [family, type, protocol] with our numbers, a family or a
// type that has none being -1, or the negated errno.
napi_value makeKind(napi_env env, int fd);

}  // namespace gonet

#endif  // GONET_FD_H_
