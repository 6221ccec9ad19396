package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// acceptAll closes what comes.
func acceptAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.Close()
	}
}

var tried struct{ Networks, Dials, Listens []string }

func (t *transcript) servers() *strings.Replacer {
	l := t.listen("live")
	go acceptAll(l)
	l6, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		panic(err)
	}
	t.later(l6)
	go acceptAll(l6)
	dead := t.listen("dead")
	dead.Close()
	return strings.NewReplacer("LIVE6", t.named("live6", l6.Addr()), "LIVE", t.named("live", l.Addr()), "DEAD", t.named("dead", dead.Addr()))
}

func init() {
	inputs(&tried)

	register("dial-addresses", func(t *transcript) {
		ports := t.servers()
		for _, network := range tried.Networks {
			for _, a := range tried.Dials {
				label := network + " " + quote(a)
				c, err := net.DialTimeout(network, ports.Replace(a), 300*time.Millisecond)
				if err != nil {
					t.err(label, err)
					continue
				}
				t.line("%s: ok %s->%s", label, c.LocalAddr(), c.RemoteAddr())
				c.Close()
			}
		}
	})

	register("listen-addresses", func(t *transcript) {
		for _, network := range tried.Networks {
			for _, a := range tried.Listens {
				label := network + " " + quote(a)
				l, err := net.Listen(network, a)
				if err != nil {
					t.err(label, err)
					continue
				}
				t.address(label, l.Addr())
				l.Close()
			}
		}
	})

	register("resolve-addresses", func(t *transcript) {
		ports := strings.NewReplacer("LIVE6", "1", "LIVE", "2", "DEAD", "3")
		for _, network := range append([]string{"", "udp", "tcp5"}, tried.Networks...) {
			for _, a := range tried.Dials {
				label := quote(network) + " " + quote(a)
				found, err := net.ResolveTCPAddr(network, ports.Replace(a))
				if err != nil {
					t.err(label, err)
					continue
				}
				t.address(label, found)
			}
		}
	})

	register("dial-tcp-addresses", func(t *transcript) {
		l := t.listen("live")
		go acceptAll(l)
		l6, err := net.ListenTCP("tcp6", &net.TCPAddr{IP: net.IPv6loopback})
		if err != nil {
			panic(err)
		}
		t.later(l6)
		t.named("live6", l6.Addr())
		go acceptAll(l6)
		ips := []net.IP{
			nil, {127, 0, 0, 1}, net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.IPv4zero, net.IPv6zero, {192, 0, 2, 7}, {127, 0, 0, 9}, {1, 2, 3},
		}
		port := func(ip net.IP) int {
			if ip.To4() == nil && len(ip) == net.IPv6len {
				return l6.Addr().(*net.TCPAddr).Port
			}
			return l.Addr().(*net.TCPAddr).Port
		}
		try := func(label, network string, laddr, raddr *net.TCPAddr) {
			c, err := net.DialTCP(network, laddr, raddr)
			if err != nil {
				t.err(label, err)
				return
			}
			t.line("%s: ok %s->%s", label, c.LocalAddr(), c.RemoteAddr())
			c.Close()
		}
		listen := func(label, network string, laddr *net.TCPAddr) {
			l, err := net.ListenTCP(network, laddr)
			if err != nil {
				t.err(label, err)
				return
			}
			t.address(label, l.Addr())
			l.Close()
		}
		loopback := ips[1]
		for _, network := range tried.Networks {
			for i, local := range ips {
				for j, remote := range ips {
					if i == 6 || j == 6 || j == 8 && i != 0 {
						continue // which of two errors comes first is not asked of gonet
					}
					try(fmt.Sprintf("DialTCP %s %d %d", network, i, j), network, &net.TCPAddr{IP: local}, &net.TCPAddr{IP: remote, Port: port(remote)})
				}
			}
			try("DialTCP nowhere "+network, network, nil, nil)
			try("DialTCP anywhere "+network, network, nil, &net.TCPAddr{})
			try("DialTCP from port 70000 "+network, network, &net.TCPAddr{Port: 70000}, &net.TCPAddr{IP: loopback, Port: port(loopback)})
			try("DialTCP from elsewhere "+network, network, &net.TCPAddr{IP: ips[6]}, &net.TCPAddr{IP: loopback, Port: port(loopback)})
			try("DialTCP to port 65536 "+network, network, nil, &net.TCPAddr{IP: loopback, Port: 65536})
			try("DialTCP to port -1 "+network, network, nil, &net.TCPAddr{IP: loopback, Port: -1})
			try("DialTCP to a zone "+network, network, nil, &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 80, Zone: "nosuch0"})
			for i, local := range ips {
				listen(fmt.Sprintf("ListenTCP %s %d", network, i), network, &net.TCPAddr{IP: local})
			}
			listen("ListenTCP anywhere "+network, network, nil)
			listen("ListenTCP on port 65536 "+network, network, &net.TCPAddr{IP: loopback, Port: 65536})
			listen("ListenTCP on port -1 "+network, network, &net.TCPAddr{IP: loopback, Port: -1})
		}
		listen("ListenTCP udp", "udp", nil)
		listen("ListenTCP without network", "", &net.TCPAddr{IP: loopback})
	})

	register("dial-given-up", func(t *transcript) {
		var d net.Dialer
		for _, a := range []string{
			"127.0.0.1:80", "198.51.100.77:80", "timeout.test:80", "files.test:80", "127.0.0.1:nosuch", "slow.test:80", "",
		} {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := d.DialContext(ctx, "tcp", a)
			t.err("canceled before "+a, err)
			ctx, cancel = context.WithCancel(context.Background())
			time.AfterFunc(100*time.Millisecond, cancel)
			_, err = d.DialContext(ctx, "tcp", a)
			t.err("canceled after 100 ms "+a, err)
			ctx, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
			_, err = d.DialContext(ctx, "tcp", a)
			cancel()
			t.err("context of 100 ms "+a, err)
			for _, ms := range []int{-1, 100} {
				_, err = net.DialTimeout("tcp", a, time.Duration(ms)*time.Millisecond)
				t.err(fmt.Sprintf("timeout of %d ms %s", ms, a), err)
			}
		}
	})
}
