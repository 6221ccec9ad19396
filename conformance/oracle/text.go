package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

var errnoNames = map[syscall.Errno]string{
	syscall.EACCES: "EACCES", syscall.EADDRINUSE: "EADDRINUSE", syscall.EADDRNOTAVAIL: "EADDRNOTAVAIL",
	syscall.EAFNOSUPPORT: "EAFNOSUPPORT", syscall.ECONNABORTED: "ECONNABORTED", syscall.ECONNREFUSED: "ECONNREFUSED",
	syscall.ECONNRESET: "ECONNRESET", syscall.EINVAL: "EINVAL", syscall.ENETUNREACH: "ENETUNREACH",
	syscall.EHOSTUNREACH: "EHOSTUNREACH", syscall.ENOTCONN: "ENOTCONN", syscall.EPIPE: "EPIPE",
	syscall.ETIMEDOUT: "ETIMEDOUT", syscall.EDOM: "EDOM", syscall.ENODEV: "ENODEV",
	syscall.EDESTADDRREQ: "EDESTADDRREQ", syscall.EMSGSIZE: "EMSGSIZE", syscall.ENOENT: "ENOENT",
	syscall.EPROTOTYPE: "EPROTOTYPE", syscall.EPROTONOSUPPORT: "EPROTONOSUPPORT", syscall.EISCONN: "EISCONN",
	syscall.EOPNOTSUPP: "EOPNOTSUPP", syscall.EBADF: "EBADF", syscall.ENOBUFS: "ENOBUFS", syscall.ENOTDIR: "ENOTDIR",
	syscall.ENOTSOCK: "ENOTSOCK", syscall.EPERM: "EPERM", syscall.EAGAIN: "EAGAIN", syscall.ENOPROTOOPT: "ENOPROTOOPT",
	syscall.ETOOMANYREFS: "ETOOMANYREFS",
}

// chain names the types of err, outermost first.
func chain(err error) string {
	switch err {
	case net.ErrClosed:
		return "net.ErrClosed"
	case net.ErrWriteToConnected:
		return "net.ErrWriteToConnected"
	case os.ErrDeadlineExceeded:
		return "os.ErrDeadlineExceeded"
	case io.EOF:
		return "io.EOF"
	}
	switch e := err.(type) {
	case *net.OpError:
		if e.Op == "dial" && e.Err == os.ErrDeadlineExceeded {
			return "OpError{timeoutError}" // which of its two values it is depends on who was first to notice
		}
		return "OpError{" + chain(e.Err) + "}"
	case *os.SyscallError:
		return "SyscallError{" + chain(e.Err) + "}"
	case syscall.Errno:
		if name, ok := errnoNames[e]; ok {
			return name
		}
		return fmt.Sprintf("errno%d", int(e))
	case *net.DNSError:
		return fmt.Sprintf("DNSError{IsTimeout=%v IsTemporary=%v IsNotFound=%v}", e.IsTimeout, e.IsTemporary, e.IsNotFound)
	case *net.AddrError:
		return "AddrError"
	case net.UnknownNetworkError:
		return "UnknownNetworkError"
	case net.InvalidAddrError:
		return "InvalidAddrError"
	}
	// Go has one value of its own for each of these, which differ by name only.
	if errors.Is(err, context.Canceled) {
		return "canceledError"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeoutError"
	}
	return "error"
}

func errorText(err error) string {
	if err == nil {
		return "ok"
	}
	s := "ERR " + chain(err) + " | " + err.Error()
	if e, ok := err.(net.Error); ok {
		s += fmt.Sprintf(" | timeout=%v temporary=%v", e.Timeout(), e.Temporary())
	}
	return s
}

// quote puts s in quotes as JSON does.
func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func suffix(err error) string {
	if err == nil {
		return ""
	}
	return " " + errorText(err)
}

func addressText(a net.Addr) string {
	kind := strings.TrimPrefix(fmt.Sprintf("%T", a), "*net.")
	var ip net.IP
	switch a := a.(type) {
	case *net.TCPAddr:
		ip = a.IP
	case *net.UDPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	default:
		return fmt.Sprintf("%s %s %s", kind, a.Network(), quote(a.String()))
	}
	return fmt.Sprintf("%s %s %s iplen=%d", kind, a.Network(), quote(a.String()), len(ip))
}
