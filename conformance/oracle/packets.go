package main

import (
	"fmt"
	"net"
	"sort"
	"strings"
	"time"
)

const shortestElided = 65

// udp is a UDP socket on a free port of loopback, which gets that name.
func (t *transcript) udp(name string) *net.UDPConn {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	t.later(c)
	t.named(name, c.LocalAddr())
	return c.(*net.UDPConn)
}

func dataText(b []byte) string {
	if len(b) >= shortestElided {
		return fmt.Sprintf("(%d bytes)", len(b))
	}
	return quote(string(b))
}

func briefText(a net.Addr) string {
	if isNil(a) {
		return "nil"
	}
	return addressText(a)
}

func isNil(a net.Addr) bool {
	switch a := a.(type) {
	case nil:
		return true
	case *net.UDPAddr:
		return a == nil
	case *net.IPAddr:
		return a == nil
	case *net.UnixAddr:
		return a == nil
	}
	return false
}

// readFrom reads one packet, logs it, and gives the sender.
func (t *transcript) readFrom(label string, c net.PacketConn, size int) net.Addr {
	b := make([]byte, size)
	n, from, err := c.ReadFrom(b)
	t.line("%s: n=%d addr=%s data=%s%s", label, n, briefText(from), dataText(b[:n]), suffix(err))
	return from
}

func (t *transcript) writeTo(label string, c net.PacketConn, b []byte, to net.Addr) {
	n, err := c.WriteTo(b, to)
	t.count(label, n, err)
}

func (t *transcript) readMsgUDP(label string, c *net.UDPConn, size, oobSize int) {
	b, oob := make([]byte, size), make([]byte, oobSize)
	n, oobn, flags, from, err := c.ReadMsgUDP(b, oob)
	if err != nil {
		t.err(label, err)
		return
	}
	t.line("%s: n=%d oobn=%d flags=%#x addr=%s data=%s", label, n, oobn, flags, briefText(from), dataText(b[:n]))
}

func (t *transcript) writeMsgUDP(label string, c *net.UDPConn, b, oob []byte, to *net.UDPAddr) {
	n, oobn, err := c.WriteMsgUDP(b, oob, to)
	if err != nil {
		t.err(label, err)
		return
	}
	t.line("%s: n=%d oobn=%d", label, n, oobn)
}

// opened logs the error, or the addresses of what was made.
func (t *transcript) opened(label string, c net.Conn, err error) {
	if err != nil {
		t.err(label, err)
		return
	}
	remote := "nil"
	if a := c.RemoteAddr(); !isNil(a) {
		remote = addressText(a)
	}
	t.line("%s: local %s remote %s", label, addressText(c.LocalAddr()), remote)
	t.later(c)
}

func udpAddr(ip string, port int) *net.UDPAddr { return &net.UDPAddr{IP: net.ParseIP(ip), Port: port} }

func asUDP(c net.PacketConn, err error) (*net.UDPConn, error) {
	u, _ := c.(*net.UDPConn)
	return u, err
}

func init() {
	register("udp-sizes", func(t *transcript) {
		a, b := t.udp("a"), t.udp("b")
		to := b.LocalAddr()
		for _, size := range []int{0, 1, 65507, 65508, 70000, 300000} {
			t.writeTo(fmt.Sprintf("WriteTo %d", size), a, make([]byte, size), to)
			if size <= 65507 {
				t.readFrom("ReadFrom", b, 70000)
			}
		}
		a.WriteTo([]byte("looked at with no buffer"), to)
		a.WriteTo([]byte("next"), to)
		t.readFrom("ReadFrom 0", b, 0)
		t.readFrom("ReadFrom", b, 64)
		a.WriteTo(nil, to)
		a.WriteTo([]byte("0123456789"), to)
		a.WriteTo([]byte("0123456789"), to)
		t.readMsgUDP("ReadMsgUDP empty", b, 16, 16)
		t.readMsgUDP("ReadMsgUDP 4", b, 4, 0)
		t.readMsgUDP("ReadMsgUDP 16", b, 16, 0)
		c, err := net.DialUDP("udp", nil, to.(*net.UDPAddr))
		if err != nil {
			panic(err)
		}
		t.later(c)
		t.named("c", c.LocalAddr())
		t.count("Write 0", 0, second(c.Write(nil)))
		t.readFrom("ReadFrom", b, 16)
		_, err = c.Write(make([]byte, 65508))
		t.err("Write 65508", err)
		t.writeMsgUDP("WriteMsgUDP 65508", c, make([]byte, 65508), nil, nil)
		b.WriteTo(nil, c.LocalAddr())
		b.WriteTo([]byte("x"), c.LocalAddr())
		t.read("Read empty", c, 8)
		t.read("Read 0", c, 0)
		t.read("Read", c, 8)
	})

	register("udp-use-after-close", func(t *transcript) {
		b := t.udp("b")
		c, err := net.DialUDP("udp", nil, b.LocalAddr().(*net.UDPAddr))
		if err != nil {
			panic(err)
		}
		t.named("c", c.LocalAddr())
		for _, x := range []struct {
			name string
			c    *net.UDPConn
		}{{"connected", c}, {"open", t.udp("a")}} {
			c := x.c
			t.line("%s", x.name)
			t.err("Close", c.Close())
			t.err("Close", c.Close())
			t.read("Read", c, 8)
			t.read("Read 0", c, 0)
			t.readFrom("ReadFrom", c, 8)
			t.readMsgUDP("ReadMsgUDP", c, 8, 8)
			t.write("Write", c, "x")
			t.writeTo("WriteTo", c, []byte("x"), b.LocalAddr())
			t.writeMsgUDP("WriteMsgUDP", c, []byte("x"), nil, nil)
			t.writeMsgUDP("WriteMsgUDP", c, []byte("x"), nil, b.LocalAddr().(*net.UDPAddr))
			t.err("SetDeadline", c.SetDeadline(past))
			t.err("SetReadDeadline", c.SetReadDeadline(time.Time{}))
			t.err("SetWriteDeadline", c.SetWriteDeadline(time.Time{}))
			t.err("SetReadBuffer", c.SetReadBuffer(4096))
			t.err("SetWriteBuffer", c.SetWriteBuffer(4096))
			_, err = c.File()
			t.err("File", err)
			t.address("LocalAddr", c.LocalAddr())
			t.line("RemoteAddr: %s", briefText(c.RemoteAddr()))
		}
	})

	register("udp-deadlines", func(t *transcript) {
		a, b := t.udp("a"), t.udp("b")
		c, _ := net.DialUDP("udp", nil, b.LocalAddr().(*net.UDPAddr))
		t.later(c)
		t.named("c", c.LocalAddr())
		b.WriteTo([]byte("there already"), c.LocalAddr())
		pass(50)
		t.err("SetDeadline", c.SetDeadline(past))
		t.read("Read", c, 64)
		t.read("Read 0", c, 0)
		t.readFrom("ReadFrom", c, 64)
		t.readMsgUDP("ReadMsgUDP", c, 64, 0)
		t.write("Write", c, "x")
		t.writeMsgUDP("WriteMsgUDP", c, []byte("x"), nil, nil)
		a.SetDeadline(past)
		t.readFrom("a ReadFrom", a, 64)
		t.writeTo("a WriteTo", a, []byte("x"), b.LocalAddr())
		t.writeMsgUDP("a WriteMsgUDP", a, []byte("x"), nil, b.LocalAddr().(*net.UDPAddr))
		c.SetDeadline(time.Time{})
		t.read("Read", c, 64)
		done := make(chan bool)
		go func() {
			t.readFrom("ReadFrom", c, 64)
			done <- true
		}()
		pass(50)
		err := c.Close()
		<-done
		t.err("Close", err)
	})

	register("udp-both-families", func(t *transcript) {
		all, err := asUDP(net.ListenPacket("udp", ":0"))
		t.opened("udp :0", all, err)
		port := all.LocalAddr().(*net.UDPAddr).Port
		t.named("all", all.LocalAddr())
		for _, x := range [][2]string{{"udp4", ":0"}, {"udp6", ":0"}, {"udp", "[::]:0"}, {"udp", "0.0.0.0:0"}, {"udp4", "[::]:0"},
			{"udp6", "127.0.0.1:0"}, {"udp", "localhost:0"}, {"udp6", "localhost:0"}, {"udp", "[::1%lo]:0"}, {"udp", "[::ffff:127.0.0.1]:0"}} {
			c, err := asUDP(net.ListenPacket(x[0], x[1]))
			t.opened(x[0]+" "+x[1], c, err)
		}
		four, _ := asUDP(net.ListenPacket("udp4", "127.0.0.1:0"))
		t.later(four)
		t.named("four", four.LocalAddr())
		six, _ := asUDP(net.ListenPacket("udp6", "[::1]:0"))
		t.later(six)
		t.named("six", six.LocalAddr())
		t.writeTo("four to all", four, []byte("4"), udpAddr("127.0.0.1", port))
		t.readFrom("all", all, 8)
		t.writeTo("six to all", six, []byte("6"), udpAddr("::1", port))
		t.readFrom("all", all, 8)
		t.writeTo("all to four", all, []byte("a"), four.LocalAddr())
		t.readFrom("four", four, 8)
		t.writeTo("all to six", all, []byte("a"), six.LocalAddr())
		t.readFrom("six", six, 8)
		t.writeTo("four to six", four, []byte("x"), six.LocalAddr())
		t.writeTo("six to four", six, []byte("x"), four.LocalAddr())
		t.writeTo("four to mapped", four, []byte("m"), udpAddr("::ffff:127.0.0.1", port))
		t.readFrom("all", all, 8)
		t.writeTo("four to nobody's IP", four, []byte("n"), &net.UDPAddr{Port: port})
		t.readFrom("all", all, 8)
		t.writeTo("six to nobody's IP", six, []byte("n"), &net.UDPAddr{Port: port})
		t.readFrom("all", all, 8)
		t.writeTo("all to nobody's IP", all, []byte("n"), &net.UDPAddr{Port: port})
		t.readFrom("all", all, 8)
		t.writeTo("all to 0.0.0.0", all, []byte("n"), udpAddr("0.0.0.0", port))
		t.readFrom("all", all, 8)
		t.writeTo("port 0", four, []byte("x"), udpAddr("127.0.0.1", 0))
		t.writeTo("port 65536", four, []byte("x"), udpAddr("127.0.0.1", 65536))
		t.writeTo("port -1", four, []byte("x"), udpAddr("127.0.0.1", -1))
		t.writeTo("3 bytes of IP", four, []byte("x"), &net.UDPAddr{IP: net.IP{1, 2, 3}, Port: port})
		t.writeTo("a zone", six, []byte("z"), &net.UDPAddr{IP: net.IPv6loopback, Port: port, Zone: "lo"})
		t.writeTo("a zone that is none", six, []byte("z"), &net.UDPAddr{IP: net.IPv6loopback, Port: port, Zone: "nosuch0"})
	})

	register("udp-dial", func(t *transcript) {
		b := t.udp("b")
		at := b.LocalAddr().(*net.UDPAddr)
		dial := func(network string, laddr, raddr *net.UDPAddr) {
			c, err := net.DialUDP(network, laddr, raddr)
			if err == nil {
				t.named("c", c.LocalAddr())
			}
			t.opened(fmt.Sprintf("DialUDP %s %v %v", network, laddr, raddr), c, err)
		}
		dial("udp", nil, at)
		dial("udp4", nil, at)
		dial("udp6", nil, at)
		dial("udp", nil, nil)
		dial("udp5", nil, at)
		dial("udp", udpAddr("127.0.0.1", 0), at)
		dial("udp", udpAddr("127.0.0.2", 0), at)
		dial("udp", at, at)
		dial("udp", udpAddr("::1", 0), at)
		dial("udp", udpAddr("198.51.100.9", 0), at)
		dial("udp", nil, udpAddr("192.0.2.1", 9))
		dial("udp", nil, udpAddr("198.51.100.77", 9))
		dial("udp", nil, udpAddr("255.255.255.255", 9))
		dial("udp", nil, udpAddr("127.0.0.1", 0))
		dial("udp", nil, &net.UDPAddr{Port: at.Port})
		dial("udp6", nil, &net.UDPAddr{Port: at.Port})
		for _, address := range []string{"127.0.0.1:0", ":9", "localhost:9", "[::1]:9", "127.0.0.1:domain", "192.0.2.1:9", "files.test:9"} {
			c, err := net.Dial("udp", address)
			t.opened("Dial udp "+address, c, err)
		}
		c, err := net.ListenUDP("udp", at)
		t.opened("ListenUDP in use", c, err)
		c, err = net.ListenUDP("udp", udpAddr("198.51.100.9", 0))
		t.opened("ListenUDP elsewhere", c, err)
		c, err = net.ListenUDP("udp", nil)
		t.opened("ListenUDP nil", c, err)
		c, err = net.ListenUDP("tcp", at)
		t.opened("ListenUDP tcp", c, err)
		_, err = net.Listen("udp", "127.0.0.1:0")
		t.err("Listen udp", err)
		for _, network := range []string{"tcp", "udp5", "", "ip4"} {
			_, err = net.ListenPacket(network, "127.0.0.1:0")
			t.err("ListenPacket "+network, err)
		}
	})

	register("udp-write-to-whom", func(t *transcript) {
		a, b := t.udp("a"), t.udp("b")
		at := b.LocalAddr().(*net.UDPAddr)
		c, _ := net.DialUDP("udp", nil, at)
		t.later(c)
		t.named("c", c.LocalAddr())
		t.writeMsgUDP("a WriteMsgUDP nil", a, []byte("x"), nil, nil)
		t.writeMsgUDP("a WriteMsgUDP", a, []byte("x"), nil, at)
		t.readFrom("b ReadFrom", b, 8)
		t.writeMsgUDP("a WriteMsgUDP with 3 bytes", a, []byte("x"), []byte{1, 2, 3}, at)
		t.writeMsgUDP("c WriteMsgUDP", c, []byte("x"), nil, nil)
		t.readFrom("b ReadFrom", b, 8)
		t.writeMsgUDP("c WriteMsgUDP to b", c, []byte("x"), nil, at)
		n, err := c.WriteToUDP([]byte("x"), nil)
		t.count("c WriteToUDP nil", n, err)
		t.writeTo("c WriteTo TCPAddr", c, []byte("x"), &net.TCPAddr{IP: at.IP, Port: 9})
		t.writeTo("a WriteTo IPAddr", a, []byte("x"), &net.IPAddr{IP: at.IP})
		t.writeTo("a WriteTo UnixAddr", a, []byte("x"), &net.UnixAddr{Name: "/x", Net: "unixgram"})
		t.writeTo("a WriteTo 192.0.2.1", a, []byte("x"), udpAddr("192.0.2.1", 9))
		t.writeTo("a WriteTo broadcast", a, []byte("x"), udpAddr("255.255.255.255", 9))
		t.writeTo("a WriteTo", a, []byte("after all that"), at)
		t.readFrom("b ReadFrom", b, 64)
		t.readFrom("b ReadFrom", b, 64)
	})

	register("udp-nobody-there", func(t *transcript) {
		dead := t.udp("dead")
		at := dead.LocalAddr().(*net.UDPAddr)
		dead.Close()
		a := t.udp("a")
		t.writeTo("a WriteTo", a, []byte("x"), at)
		pass(50)
		t.writeTo("a WriteTo", a, []byte("x"), at)
		c, _ := net.DialUDP("udp", nil, at)
		t.later(c)
		t.named("c", c.LocalAddr())
		c.SetReadDeadline(inMs(1000))
		t.write("Write", c, "x")
		pass(50)
		t.readFrom("ReadFrom", c, 8)
		t.write("Write", c, "x")
		pass(50)
		t.readMsgUDP("ReadMsgUDP", c, 8, 0)
		t.write("Write", c, "x")
		pass(50)
		t.writeMsgUDP("WriteMsgUDP", c, []byte("x"), nil, nil)
		pass(50)
		t.write("Write", c, "x")
		c.SetReadDeadline(inMs(50))
		t.read("Read", c, 8)
		t.err("Close", c.Close())
		d, _ := net.DialUDP("udp", nil, at)
		t.later(d)
		t.named("d", d.LocalAddr())
		d.SetReadDeadline(inMs(1000))
		done := make(chan bool)
		go func() {
			t.read("Read", d, 8)
			done <- true
		}()
		pass(50)
		d.Write([]byte("x"))
		<-done
	})

	register("udp-files", func(t *transcript) {
		a, b := t.udp("a"), t.udp("b")
		f, err := a.File()
		t.err("File", err)
		t.line("Name: %s", f.Name())
		t.err("Close", a.Close())
		p, err := net.FilePacketConn(f)
		t.err("FilePacketConn", err)
		t.later(p)
		t.address("LocalAddr", p.LocalAddr())
		t.writeTo("WriteTo", p, []byte("from a file"), b.LocalAddr())
		t.readFrom("b ReadFrom", b, 64)
		g, err := net.FileConn(f)
		t.opened("FileConn", g, err)
		_, err = net.FileListener(f)
		t.line("FileListener: %v", err != nil)
		f.Close()
		c, _ := net.DialUDP("udp", nil, b.LocalAddr().(*net.UDPAddr))
		t.later(c)
		t.named("c", c.LocalAddr())
		cf, _ := c.File()
		d, err := net.FileConn(cf)
		t.opened("FileConn", d, err)
		cf.Close()
		t.write("Write", d, "connected")
		t.readFrom("b ReadFrom", b, 64)
		t.writeTo("WriteTo", d.(*net.UDPConn), []byte("x"), b.LocalAddr())
	})

	register("udp-multicast", func(t *transcript) {
		lo, _ := net.InterfaceByName("lo")
		bh0, _ := net.InterfaceByName("bh0")
		probe := t.udp("mc")
		port := probe.LocalAddr().(*net.UDPAddr).Port
		probe.Close()
		four := udpAddr("224.0.0.251", port)
		six := udpAddr("ff02::fb", port)
		join := func(label, network string, ifi *net.Interface, group *net.UDPAddr) *net.UDPConn {
			c, err := net.ListenMulticastUDP(network, ifi, group)
			t.opened("ListenMulticastUDP "+label, c, err)
			return c
		}
		m := join("udp4 lo", "udp4", lo, four)
		join("udp lo again", "udp", lo, four)
		join("udp4 no interface", "udp4", nil, four)
		join("udp6 bh0", "udp6", bh0, six)
		join("udp bh0", "udp", bh0, six)
		join("udp4, IPv6 group", "udp4", lo, six)
		join("no group", "udp4", lo, udpAddr("127.0.0.1", port))
		join("no IP", "udp4", lo, &net.UDPAddr{Port: port})
		join("nil", "udp4", lo, nil)
		join("tcp", "tcp", lo, four)
		join("no such interface", "udp4", &net.Interface{Index: 99999}, four)
		groups, _ := bh0.MulticastAddrs()
		var names []string
		for _, a := range groups {
			names = append(names, a.String())
		}
		sort.Strings(names)
		t.line("bh0: %s", strings.Join(names, " "))
		s := t.udp("s")
		t.writeTo("WriteTo", s, []byte("to all of them"), four)
		t.readFrom("ReadFrom", m, 64)
		t.writeTo("member WriteTo", m, []byte("answer"), s.LocalAddr())
		s.SetReadDeadline(inMs(1000))
		b := make([]byte, 16)
		n, _, err := s.ReadFromUDP(b)
		t.line("answer: %s%s", quote(string(b[:n])), suffix(err))
	})

	register("udp-multicast-ipv6", func(t *transcript) {
		bh0, _ := net.InterfaceByName("bh0")
		m, err := net.ListenMulticastUDP("udp6", bh0, udpAddr("ff02::1234", 0))
		t.opened("ListenMulticastUDP", m, err)
		t.named("m", m.LocalAddr())
		port := m.LocalAddr().(*net.UDPAddr).Port
		groups, err := bh0.MulticastAddrs()
		joined := false
		for _, a := range groups {
			joined = joined || a.String() == "ff02::1234"
		}
		t.line("joined: %v%s", joined, suffix(err))
		s, err := asUDP(net.ListenPacket("udp6", "[2001:db8:77::1]:0"))
		t.opened("ListenPacket", s, err)
		t.named("s", s.LocalAddr())
		group := func(ip, zone string) *net.UDPAddr {
			return &net.UDPAddr{IP: net.ParseIP(ip), Port: port, Zone: zone}
		}
		m.SetReadDeadline(inMs(1000))
		t.writeTo("WriteTo with a zone", s, []byte("zone"), group("ff02::1234", "bh0"))
		t.readFrom("ReadFrom", m, 64)
		t.writeTo("WriteTo with an index", s, []byte("index"), group("ff02::1234", fmt.Sprint(bh0.Index)))
		t.readFrom("ReadFrom", m, 64)
		t.writeTo("WriteTo without", s, []byte("x"), group("ff02::1234", ""))
		t.writeTo("WriteTo to a zone that is none", s, []byte("x"), group("ff02::1234", "nosuch0"))
		c, err := net.DialUDP("udp", nil, group("ff02::1234", "bh0"))
		t.opened("DialUDP", c, err)
		if err == nil {
			t.named("c", c.LocalAddr())
			t.write("Write", c, "dialled")
			m.SetReadDeadline(inMs(1000))
			t.readFrom("ReadFrom", m, 64)
		}
		for _, address := range []string{"[ff02::1234%bh0]:9", "[ff02::1234]:9", "[fe80::1%bh0]:9", "[fe80::1]:9", "[fe80::1%nosuch0]:9", "[::1%nosuch0]:9"} {
			c, err := net.Dial("udp", address)
			t.opened("Dial "+address, c, err)
		}
	})

	register("ip-whom", func(t *transcript) {
		loopback := &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}
		for _, x := range [][2]string{{"ip4:icmp", "127.0.0.1"}, {"ip4:1", "127.0.0.1"}, {"ip:icmp", "127.0.0.1"}, {"ip:253", "::1"}, {"ip6:253", "::1"},
			{"ip6:ipv6-icmp", "::1"}, {"ip6:253", "127.0.0.1"}, {"ip4:253", "::1"}, {"ip4:253", ""}, {"ip4:253", "localhost"}, {"ip4:253", "127.0.0.1:80"},
			{"ip4:256", "127.0.0.1"}, {"ip4:255", "127.0.0.1"}, {"ip4:0", "127.0.0.1"}, {"ip4:-1", "127.0.0.1"}, {"ip4:", "127.0.0.1"}, {"ip4:nosuch", "127.0.0.1"}, {"ip", "127.0.0.1"},
			{"ip4:253", "192.0.2.1"}, {"ip4:253", "198.51.100.77"}, {"ip4:tcp", "127.0.0.1"}, {"ip4:ICMP", "127.0.0.1"}} {
			c, err := net.Dial(x[0], x[1])
			t.opened("Dial "+x[0]+" "+x[1], c, err)
			if x[1] == "localhost" {
				t.quirk() // the length of an IP out of the hosts file
			}
			p, err := net.ListenPacket(x[0], x[1])
			if err != nil {
				t.err("ListenPacket "+x[0]+" "+x[1], err)
			} else {
				t.opened("ListenPacket "+x[0]+" "+x[1], p.(*net.IPConn), nil)
			}
		}
		c, err := net.DialIP("ip4:253", nil, nil)
		t.opened("DialIP nil", c, err)
		c, err = net.DialIP("ip4:253", loopback, loopback)
		t.opened("DialIP from", c, err)
		c, err = net.DialIP("ip4:253", &net.IPAddr{IP: net.IPv6loopback}, loopback)
		t.opened("DialIP from IPv6", c, err)
		c, err = net.DialIP("tcp", nil, loopback)
		t.opened("DialIP tcp", c, err)
		c, err = net.ListenIP("ip4:253", nil)
		t.opened("ListenIP nil", c, err)
		c, err = net.ListenIP("ip4", loopback)
		t.opened("ListenIP ip4", c, err)
		c, err = net.ListenIP("ip4:253", &net.IPAddr{IP: net.IPv4(198, 51, 100, 9)})
		t.opened("ListenIP elsewhere", c, err)
	})

	register("ip-packets", func(t *transcript) {
		at := func(host string) *net.IPAddr { return &net.IPAddr{IP: net.ParseIP(host)} }
		a, err := net.ListenIP("ip4:253", at("127.0.0.2"))
		if err != nil {
			panic(err)
		}
		b, _ := net.ListenIP("ip4:253", at("127.0.0.3"))
		t.later(b)
		for _, size := range []int{0, 3, 65515, 65516, 300000} {
			t.writeTo(fmt.Sprintf("WriteTo %d", size), a, make([]byte, size), at("127.0.0.3"))
			if size <= 65515 {
				t.readFrom("ReadFrom", b, 70000)
			}
		}
		for _, size := range []int{0, 10, 19, 20, 24, 30} {
			a.WriteTo([]byte("0123456789"), at("127.0.0.3"))
			buffer := make([]byte, size)
			n, from, err := b.ReadFrom(buffer)
			t.line("ReadFrom %d: n=%d addr=%s%s", size, n, briefText(from), suffix(err))
		}
		a.WriteTo([]byte("0123456789"), at("127.0.0.3"))
		buffer := make([]byte, 64)
		n, oobn, flags, from, err := b.ReadMsgIP(buffer, nil)
		t.line("ReadMsgIP: n=%d oobn=%d flags=%#x addr=%s first=%#x%s", n, oobn, flags, briefText(from), buffer[0], suffix(err))
		a.WriteTo([]byte("0123456789"), at("127.0.0.3"))
		n, oobn, flags, from, err = b.ReadMsgIP(buffer[:25], nil)
		t.line("ReadMsgIP 25: n=%d oobn=%d flags=%#x addr=%s%s", n, oobn, flags, briefText(from), suffix(err))
		a.WriteTo([]byte("0123456789"), at("127.0.0.3"))
		n, err = b.Read(buffer)
		t.line("Read: n=%d%s", n, suffix(err))
		t.writeTo("WriteTo UDPAddr", a, []byte("x"), udpAddr("127.0.0.3", 9))
		t.writeTo("WriteTo IPv6", a, []byte("x"), at("::1"))
		t.writeTo("WriteTo no IP", a, []byte("x"), &net.IPAddr{})
		n, err = a.WriteToIP([]byte("x"), nil)
		t.count("WriteToIP nil", n, err)
		t.write("Write", a, "x")
		_, _, err = a.WriteMsgIP([]byte("x"), nil, nil)
		t.err("WriteMsgIP nil", err)
		c, _ := net.DialIP("ip4:253", at("127.0.0.4"), at("127.0.0.3"))
		t.later(c)
		t.writeTo("connected WriteTo", c, []byte("x"), at("127.0.0.3"))
		_, _, err = c.WriteMsgIP([]byte("x"), nil, at("127.0.0.3"))
		t.err("connected WriteMsgIP", err)
		_, _, err = c.WriteMsgIP([]byte("x"), nil, nil)
		t.err("connected WriteMsgIP nil", err)
		t.write("connected Write", c, "connected")
		b.SetReadDeadline(inMs(1000))
		t.readFrom("ReadFrom", b, 64)
		b.SetReadDeadline(past)
		t.readFrom("ReadFrom late", b, 64)
		t.err("Close", a.Close())
		t.err("Close", a.Close())
		t.readFrom("ReadFrom", a, 8)
		t.writeTo("WriteTo", a, []byte("x"), at("127.0.0.3"))
		t.write("Write", a, "x")
		t.err("SetDeadline", a.SetDeadline(past))
		_, err = a.File()
		t.err("File", err)
		cf, err := c.File()
		t.err("File", err)
		t.line("Name: %s", cf.Name())
		d, err := net.FileConn(cf)
		t.opened("FileConn", d, err)
		cf.Close()
	})

	register("interfaces", func(t *transcript) {
		bh0, err := net.InterfaceByName("bh0")
		if err != nil {
			panic(err)
		}
		// broadcast and more depends on what kind of interface this machine can make
		t.line("bh0: mtu=%d hw=%s up=%v loopback=%v", bh0.MTU, bh0.HardwareAddr, bh0.Flags&net.FlagUp != 0, bh0.Flags&net.FlagLoopback != 0)
		list := func(label string, addrs []net.Addr, err error) {
			var all []string
			for _, a := range addrs {
				all = append(all, a.Network()+" "+a.String())
			}
			t.line("%s: [%s]%s", label, strings.Join(all, ", "), suffix(err))
		}
		addrs, err := bh0.Addrs()
		list("Addrs", addrs, err)
		addrs, err = net.InterfaceAddrs()
		list("InterfaceAddrs", addrs, err)
		for _, index := range []int{0, -1, 99999} {
			addrs, err = (&net.Interface{Index: index}).Addrs()
			list(fmt.Sprintf("Addrs of %d", index), addrs, err)
			addrs, err = (&net.Interface{Index: index}).MulticastAddrs()
			list(fmt.Sprintf("MulticastAddrs of %d", index), addrs, err)
		}
		for _, name := range []string{"LO", "lo ", "an-interface-name-that-is-too-long", "lo\x00"} {
			_, err = net.InterfaceByName(name)
			t.err("InterfaceByName "+quote(name), err)
		}
		t.line("flags: %s %s %s", net.Flags(0), net.Flags(0x1f), net.FlagMulticast|net.FlagUp)
	})
}

func second(_ int, err error) error { return err }
