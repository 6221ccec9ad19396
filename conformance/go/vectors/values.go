package main

import (
	"encoding/hex"
	"fmt"
	"net"
)

// fields is a value with a type, {"t": ...}, or bytes, {"b": "<hex>"}.
type fields = map[string]any

func str(v any) string { return v.(string) }

func num(v any) int { return int(v.(float64)) }

// bytes tells nil (null) from empty.
func bytes(v any) []byte {
	if v == nil {
		return nil
	}
	b, err := hex.DecodeString(str(v.(fields)["b"]))
	if err != nil {
		panic(err)
	}
	return b
}

func ip(v any) net.IP { return bytes(v) }

func mask(v any) net.IPMask { return bytes(v) }

func four(in []any) (b [4]byte) {
	for i := range b {
		b[i] = byte(num(in[i]))
	}
	return b
}

func ipNet(v any) *net.IPNet {
	f := v.(fields)
	return &net.IPNet{IP: ip(f["IP"]), Mask: mask(f["Mask"])}
}

// address makes the address that v describes; null is none.
func address(v any) net.Addr {
	if v == nil {
		return nil
	}
	f := v.(fields)
	switch f["t"] {
	case "TCPAddr":
		return &net.TCPAddr{IP: ip(f["IP"]), Port: num(f["Port"]), Zone: str(f["Zone"])}
	case "UDPAddr":
		return &net.UDPAddr{IP: ip(f["IP"]), Port: num(f["Port"]), Zone: str(f["Zone"])}
	case "IPAddr":
		return &net.IPAddr{IP: ip(f["IP"]), Zone: str(f["Zone"])}
	case "UnixAddr":
		return &net.UnixAddr{Name: str(f["Name"]), Net: str(f["Net"])}
	case "IPNet":
		return ipNet(v)
	}
	panic(fmt.Sprintf("no address of type %v", f["t"]))
}

// encode writes bytes and addresses down as the file does.
func encode(v any) any {
	switch v := v.(type) {
	case []byte:
		if v == nil {
			return nil
		}
		return fields{"b": hex.EncodeToString(v)}
	case net.IP:
		return encode([]byte(v))
	case net.IPMask:
		return encode([]byte(v))
	case net.HardwareAddr:
		return encode([]byte(v))
	case *net.IPNet:
		if v == nil {
			return nil
		}
		return fields{"t": "IPNet", "IP": encode(v.IP), "Mask": encode(v.Mask)}
	case *net.TCPAddr:
		return fields{"t": "TCPAddr", "IP": encode(v.IP), "Port": v.Port, "Zone": v.Zone}
	case *net.UDPAddr:
		return fields{"t": "UDPAddr", "IP": encode(v.IP), "Port": v.Port, "Zone": v.Zone}
	case *net.IPAddr:
		return fields{"t": "IPAddr", "IP": encode(v.IP), "Zone": v.Zone}
	case *net.UnixAddr:
		return fields{"t": "UnixAddr", "Name": v.Name, "Net": v.Net}
	}
	panic(fmt.Sprintf("no way to write down a %T", v))
}
