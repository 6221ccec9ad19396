{
  "targets": [
    {
      "target_name": "gonet",
      "sources": [
        "src/module.cc",
        "src/addon.cc",
        "src/args.cc",
        "src/errnos.cc",
        "src/fd.cc",
        "src/ifaddrs.cc",
        "src/interfaces.cc",
        "src/message.cc",
        "src/multicast.cc",
        "src/netlink.cc",
        "src/rawio.cc",
        "src/sockaddr.cc",
        "src/socket.cc",
        "src/sockopt.cc"
      ],
      # The addon asks for Node-API 8 (async cleanup hooks) and nothing newer, so one binary serves every
      # Node and Electron the package supports.
      "defines": ["NAPI_VERSION=8", "__APPLE_USE_RFC_3542"],
      "cflags": ["-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "xcode_settings": {
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "WARNING_CFLAGS": ["-Wall", "-Wextra", "-Werror"]
      }
    }
  ]
}
