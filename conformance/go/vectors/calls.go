package main

import (
	"net"
)

// calls has the functions of the file: arguments as the file writes them, results likewise.
var calls = map[string]func(in []any) ([]any, error){
	"ParseIP":     func(in []any) ([]any, error) { return ok(encode(net.ParseIP(str(in[0])))) },
	"IP.String":   func(in []any) ([]any, error) { return ok(ip(in[0]).String()) },
	"IP.Is*":      func(in []any) ([]any, error) { return kinds(ip(in[0])), nil },
	"IP.To4":      func(in []any) ([]any, error) { return ok(encode(ip(in[0]).To4())) },
	"IP.To16":     func(in []any) ([]any, error) { return ok(encode(ip(in[0]).To16())) },
	"IP.Equal":    func(in []any) ([]any, error) { return ok(ip(in[0]).Equal(ip(in[1]))) },
	"IP.Mask":     func(in []any) ([]any, error) { return ok(encode(ip(in[0]).Mask(mask(in[1])))) },
	"IPv4Mask":    func(in []any) ([]any, error) { b := four(in); return ok(encode(net.IPv4Mask(b[0], b[1], b[2], b[3]))) },
	"CIDRMask":    func(in []any) ([]any, error) { return ok(encode(net.CIDRMask(num(in[0]), num(in[1])))) },
	"IPv4":        func(in []any) ([]any, error) { b := four(in); return ok(encode(net.IPv4(b[0], b[1], b[2], b[3]))) },
	"ParseCIDR":   parseCIDR,
	"ParseMAC":    parseMAC,
	"LookupPort":  lookupPort,
	"IPMask.Size": func(in []any) ([]any, error) { ones, bits := mask(in[0]).Size(); return ok(ones, bits) },
	"Errno":       func(in []any) ([]any, error) { return errnoMethods(str(in[0]), num(in[1])) },

	"IP.IsPrivate":        func(in []any) ([]any, error) { return ok(ip(in[0]).IsPrivate()) },
	"IP.DefaultMask":      func(in []any) ([]any, error) { return ok(encode(ip(in[0]).DefaultMask())) },
	"IP.MarshalText":      marshalText,
	"IP.UnmarshalText":    unmarshalText,
	"IPMask.String":       func(in []any) ([]any, error) { return ok(mask(in[0]).String()) },
	"IPNet.String":        func(in []any) ([]any, error) { return ok(ipNet(in[0]).String()) },
	"IPNet.Network":       func(in []any) ([]any, error) { return ok(ipNet(in[0]).Network()) },
	"IPNet.Contains":      func(in []any) ([]any, error) { return ok(ipNet(in[0]).Contains(ip(in[1]))) },
	"HardwareAddr.String": func(in []any) ([]any, error) { return ok(net.HardwareAddr(bytes(in[0])).String()) },
	"Flags.String":        func(in []any) ([]any, error) { return ok(net.Flags(num(in[0])).String()) },
	"SplitHostPort":       splitHostPort,
	"JoinHostPort":        func(in []any) ([]any, error) { return ok(net.JoinHostPort(str(in[0]), str(in[1]))) },
	"Addr.methods":        func(in []any) ([]any, error) { a := address(in[0]); return ok(a.Network(), a.String()) },
	"error.methods":       func(in []any) ([]any, error) { return errorMethods(makeError(in[0])), nil },
	"Buffers.Read":        buffersRead,

	"ResolveTCPAddr":  func(in []any) ([]any, error) { return resolved(net.ResolveTCPAddr(str(in[0]), str(in[1]))) },
	"ResolveUDPAddr":  func(in []any) ([]any, error) { return resolved(net.ResolveUDPAddr(str(in[0]), str(in[1]))) },
	"ResolveIPAddr":   func(in []any) ([]any, error) { return resolved(net.ResolveIPAddr(str(in[0]), str(in[1]))) },
	"ResolveUnixAddr": func(in []any) ([]any, error) { return resolved(net.ResolveUnixAddr(str(in[0]), str(in[1]))) },
}

func ok(out ...any) ([]any, error) { return out, nil }

// resolved is an address and its text; both are null beside an error.
func resolved[A interface {
	*T
	net.Addr
}, T any](a A, err error) ([]any, error) {
	if a == nil {
		return []any{nil, nil}, err
	}
	return []any{encode(a), a.String()}, err
}

func kinds(x net.IP) []any {
	return []any{
		x.IsUnspecified(),
		x.IsLoopback(),
		x.IsMulticast(),
		x.IsInterfaceLocalMulticast(),
		x.IsLinkLocalMulticast(),
		x.IsLinkLocalUnicast(),
		x.IsGlobalUnicast(),
	}
}

func marshalText(in []any) ([]any, error) {
	b, err := ip(in[0]).MarshalText()
	if b == nil {
		return []any{nil}, err
	}
	return []any{string(b)}, err
}

func unmarshalText(in []any) ([]any, error) {
	var x net.IP
	err := x.UnmarshalText([]byte(str(in[0])))
	return []any{encode(x)}, err
}

func parseCIDR(in []any) ([]any, error) {
	x, n, err := net.ParseCIDR(str(in[0]))
	return []any{encode(x), encode(n)}, err
}

func parseMAC(in []any) ([]any, error) {
	hw, err := net.ParseMAC(str(in[0]))
	return []any{encode(hw)}, err
}

func splitHostPort(in []any) ([]any, error) {
	host, port, err := net.SplitHostPort(str(in[0]))
	return []any{host, port}, err
}

func lookupPort(in []any) ([]any, error) {
	port, err := net.LookupPort(str(in[0]), str(in[1]))
	return []any{port}, err
}

// buffersRead reads once; the results are the count, what was read, and the buffers left.
func buffersRead(in []any) ([]any, error) {
	v := net.Buffers{}
	for _, run := range in[0].([]any) {
		v = append(v, bytes(run))
	}
	p := make([]byte, num(in[1]))
	n, err := v.Read(p)
	left := []any{}
	for _, run := range v {
		left = append(left, encode(run))
	}
	return []any{n, encode(p[:n]), left}, err
}
