package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// value is an error that is one value, known by its name.
type value struct {
	name string
	err  error
}

// values are those that errors.Is is asked for, in the order of the file.
var values = []value{
	{"io.EOF", io.EOF},
	{"io.ErrClosedPipe", io.ErrClosedPipe},
	{"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF},
	{"net.ErrClosed", net.ErrClosed},
	{"net.ErrWriteToConnected", net.ErrWriteToConnected},
	{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded},
	{"os.ErrClosed", os.ErrClosed},
	{"os.ErrExist", os.ErrExist},
	{"os.ErrInvalid", os.ErrInvalid},
	{"os.ErrNotExist", os.ErrNotExist},
	{"os.ErrPermission", os.ErrPermission},
	{"context.Canceled", context.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded},
}

func flag(v any) bool { return v.(bool) }

// makeError makes the error that v describes.
func makeError(v any) error {
	f := v.(fields)
	switch t := str(f["t"]); t {
	case "errorString":
		return errors.New(str(f["v"]))
	case "Errno":
		return errnoOf(str(f["name"]), num(f["n"]))
	case "SyscallError":
		return &os.SyscallError{Syscall: str(f["Syscall"]), Err: makeError(f["Err"])}
	case "OpError":
		return &net.OpError{
			Op:     str(f["Op"]),
			Net:    str(f["Net"]),
			Source: address(f["Source"]),
			Addr:   address(f["Addr"]),
			Err:    makeError(f["Err"]),
		}
	case "AddrError":
		return &net.AddrError{Err: str(f["Err"]), Addr: str(f["Addr"])}
	case "ParseError":
		return &net.ParseError{Type: str(f["Type"]), Text: str(f["Text"])}
	case "DNSError":
		return &net.DNSError{
			Err:         str(f["Err"]),
			Name:        str(f["Name"]),
			Server:      str(f["Server"]),
			IsTimeout:   flag(f["IsTimeout"]),
			IsTemporary: flag(f["IsTemporary"]),
			IsNotFound:  flag(f["IsNotFound"]),
		}
	case "DNSConfigError":
		return &net.DNSConfigError{Err: makeError(f["Err"])}
	case "UnknownNetworkError":
		return net.UnknownNetworkError(str(f["v"]))
	case "InvalidAddrError":
		return net.InvalidAddrError(str(f["v"]))
	default:
		for _, x := range values {
			if x.name == t {
				return x.err
			}
		}
		panic("no error of type " + t)
	}
}

// specOf is the way back, for the errors that calls give.
func specOf(err error) any {
	for _, x := range values {
		if x.err == err {
			return fields{"t": x.name}
		}
	}
	switch e := err.(type) {
	case *net.AddrError:
		return fields{"t": "AddrError", "Err": e.Err, "Addr": e.Addr}
	case *net.ParseError:
		return fields{"t": "ParseError", "Type": e.Type, "Text": e.Text}
	case *net.DNSError:
		return fields{
			"t":           "DNSError",
			"Err":         e.Err,
			"Name":        e.Name,
			"Server":      e.Server,
			"IsTimeout":   e.IsTimeout,
			"IsTemporary": e.IsTemporary,
			"IsNotFound":  e.IsNotFound,
		}
	case net.UnknownNetworkError:
		return fields{"t": "UnknownNetworkError", "v": string(e)}
	}
	return nil
}

// timeout and temporary are null where the error has no such method.
func timeout(err error) any {
	if e, ok := err.(interface{ Timeout() bool }); ok {
		return e.Timeout()
	}
	return nil
}

func temporary(err error) any {
	if e, ok := err.(interface{ Temporary() bool }); ok {
		return e.Temporary()
	}
	return nil
}

// is lists the values that err is; null is none.
func is(err error) any {
	var names []string
	for _, x := range values {
		if errors.Is(err, x.err) {
			names = append(names, x.name)
		}
	}
	if names == nil {
		return nil
	}
	return names
}

// shapeOf writes the error of a call down as the file does.
func shapeOf(err error) any {
	shape := fields{
		"type":      fmt.Sprintf("%T", err),
		"text":      err.Error(),
		"timeout":   timeout(err),
		"temporary": temporary(err),
		"spec":      specOf(err),
	}
	if names := is(err); names != nil {
		shape["is"] = names
	}
	return shape
}

func errorMethods(err error) []any {
	return []any{err.Error(), timeout(err), temporary(err), is(err)}
}

func errnoMethods(name string, n int) ([]any, error) {
	e := errnoOf(name, n)
	return []any{e.Error(), e.Timeout(), e.Temporary()}, nil
}

// errnoOf is the errno called name, which the file says is number n.
func errnoOf(name string, n int) syscall.Errno {
	e, ok := errnos[name]
	if !ok || e != syscall.Errno(n) {
		panic(fmt.Sprintf("%s is not %d", name, n))
	}
	return e
}
