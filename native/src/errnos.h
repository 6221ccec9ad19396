#ifndef GONET_ERRNOS_H_
#define GONET_ERRNOS_H_

#include <node_api.h>

namespace gonet {

// errnos makes an object from errno number to name, as this system numbers them.
napi_value errnos(napi_env env);

}  // namespace gonet

#endif  // GONET_ERRNOS_H_
