// The oracle of lookups: reads a list of calls, [["LookupHost", "a.test"], ...], and writes Go's answers, one string each.
//
//	CGO_ENABLED=0 go run oracle.go < calls.json
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
)

var port = regexp.MustCompile(`:4\d{4}\b`)

func text(err error) string {
	if err == nil {
		return "ok"
	}
	kind := strings.TrimPrefix(fmt.Sprintf("%T", err), "*net.")
	if e, ok := err.(*net.DNSError); ok {
		kind = fmt.Sprintf("DNSError{IsTimeout=%v IsTemporary=%v IsNotFound=%v}", e.IsTimeout, e.IsTemporary, e.IsNotFound)
	}
	return fmt.Sprintf("ERR %s | %s", kind, port.ReplaceAllString(err.Error(), ":<eph>"))
}

func quoted(list []string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(append([]string{}, list...))
	return strings.TrimSpace(b.String())
}

func answer(call []string) string {
	fn, a := call[0], call[1:]
	r := &net.Resolver{StrictErrors: strings.HasPrefix(fn, "strict ")}
	ctx := context.Background()
	var list []string
	var err error
	switch strings.TrimPrefix(fn, "strict ") {
	case "LookupHost":
		list, err = r.LookupHost(ctx, a[0])
		if len(list) > 20 {
			list = []string{fmt.Sprintf("%d addresses", len(list))}
		}
	case "LookupIP":
		var ips []net.IP
		ips, err = r.LookupIP(ctx, a[0], a[1])
		for _, ip := range ips {
			list = append(list, fmt.Sprintf("%s/%d", ip, len(ip)))
		}
	case "LookupIPAddr":
		var ips []net.IPAddr
		ips, err = r.LookupIPAddr(ctx, a[0])
		for _, ip := range ips {
			list = append(list, fmt.Sprintf("%s/%d", ip.String(), len(ip.IP)))
		}
	case "LookupCNAME":
		var cname string
		cname, err = r.LookupCNAME(ctx, a[0])
		list = []string{cname}
	case "LookupAddr":
		list, err = r.LookupAddr(ctx, a[0])
	case "LookupMX":
		var mxs []*net.MX
		mxs, err = r.LookupMX(ctx, a[0])
		for _, mx := range mxs {
			list = append(list, fmt.Sprintf("%d %s", mx.Pref, mx.Host))
		}
	case "LookupNS":
		var nss []*net.NS
		nss, err = r.LookupNS(ctx, a[0])
		for _, ns := range nss {
			list = append(list, ns.Host)
		}
	case "LookupSRV":
		var cname string
		var srvs []*net.SRV
		cname, srvs, err = r.LookupSRV(ctx, a[0], a[1], a[2])
		list = []string{cname}
		for _, s := range srvs {
			list = append(list, fmt.Sprintf("%d %d %d %s", s.Priority, s.Weight, s.Port, s.Target))
		}
	case "LookupTXT":
		list, err = r.LookupTXT(ctx, a[0])
	case "LookupPort":
		var n int
		n, err = r.LookupPort(ctx, a[0], a[1])
		list = []string{fmt.Sprint(n)}
	case "Dial":
		var c net.Conn
		c, err = net.Dial(a[0], a[1])
		if err == nil {
			list = []string{c.RemoteAddr().String()}
			c.Close()
		}
	case "ResolveTCPAddr":
		var t *net.TCPAddr
		t, err = net.ResolveTCPAddr(a[0], a[1])
		if err == nil {
			list = []string{fmt.Sprintf("%s/%d", t, len(t.IP))}
		}
	default:
		return "no such call"
	}
	return quoted(list) + " " + text(err)
}

func main() {
	var calls [][]string
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		panic(err)
	}
	answers := []string{}
	for _, call := range calls {
		answers = append(answers, answer(call))
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	enc.Encode(answers)
}
