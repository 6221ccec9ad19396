package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// folder is a folder for the scenario, which is <tmp> in its lines; it gives the path of a name in it. Paths are short:
// a socket's has 107 bytes.
func (t *transcript) folder() func(name string) string {
	dir, err := os.MkdirTemp("/tmp", "gn")
	if err != nil {
		panic(err)
	}
	t.hide(dir, "<tmp>")
	t.closers = append(t.closers, func() error { return os.RemoveAll(dir) })
	return func(name string) string { return filepath.Join(dir, name) }
}

func unixAddr(network, name string) *net.UnixAddr { return &net.UnixAddr{Name: name, Net: network} }

// unixPair is two connected ends of a listener at path, the dialled one first.
func (t *transcript) unixPair(network, path string) (c, s *net.UnixConn) {
	l, err := net.ListenUnix(network, unixAddr(network, path))
	if err != nil {
		panic(err)
	}
	c, err = net.DialUnix(network, nil, unixAddr(network, path))
	if err != nil {
		panic(err)
	}
	s, err = l.AcceptUnix()
	if err != nil {
		panic(err)
	}
	l.Close()
	t.later(c)
	t.later(s)
	return c, s
}

func (t *transcript) unixgram(path string) *net.UnixConn {
	c, err := net.ListenUnixgram("unixgram", unixAddr("unixgram", path))
	if err != nil {
		panic(err)
	}
	t.later(c)
	return c
}

// readMsgUnix logs a message and gives its ancillary data. What is in the numbers of descriptors is not logged.
func (t *transcript) readMsgUnix(label string, c *net.UnixConn, size, oobSize int) []byte {
	b, oob := make([]byte, size), make([]byte, oobSize)
	n, oobn, flags, from, err := c.ReadMsgUnix(b, oob)
	if err != nil {
		t.err(label, err)
		return nil
	}
	if n < len(b) {
		b = b[:n] // n counts the byte that carries ancillary data into no buffer
	}
	t.line("%s: n=%d oobn=%d flags=%#x addr=%s data=%s", label, n, oobn, flags, briefText(from), dataText(b))
	return oob[:oobn]
}

func (t *transcript) writeMsgUnix(label string, c *net.UnixConn, b, oob []byte, to *net.UnixAddr) {
	n, oobn, err := c.WriteMsgUnix(b, oob, to)
	if err != nil {
		t.err(label, err)
		return
	}
	t.line("%s: n=%d oobn=%d", label, n, oobn)
}

// rights logs what descriptors ancillary data has, and closes them.
func (t *transcript) rights(label string, oob []byte) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		t.line("%s: %v", label, err)
		return
	}
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		t.line("%s: %d fds %v", label, len(fds), err)
		for _, fd := range fds {
			syscall.Close(fd)
		}
	}
}

// fds duplicates the descriptor of c count times.
func fds(t *transcript, c *net.UnixConn, count int) []int {
	var numbers []int
	for i := 0; i < count; i++ {
		f, err := c.File()
		if err != nil {
			panic(err)
		}
		t.later(f)
		numbers = append(numbers, int(f.Fd()))
	}
	return numbers
}

func init() {
	register("unix-use-after-close", func(t *transcript) {
		path := t.folder()
		c, _ := t.unixPair("unix", path("s"))
		p, _ := t.unixPair("unixpacket", path("p"))
		g := t.unixgram(path("g"))
		for _, x := range []struct {
			name string
			c    *net.UnixConn
		}{{"unix", c}, {"unixpacket", p}, {"unixgram", g}} {
			c := x.c
			t.line("%s", x.name)
			to := unixAddr(x.name, path("nobody"))
			t.err("Close", c.Close())
			t.err("Close", c.Close())
			t.read("Read", c, 8)
			t.read("Read 0", c, 0)
			t.readFrom("ReadFrom", c, 8)
			t.readMsgUnix("ReadMsgUnix", c, 8, 8)
			t.write("Write", c, "x")
			t.writeTo("WriteTo", c, []byte("x"), to)
			t.writeTo("WriteTo another network", c, []byte("x"), unixAddr("", path("nobody")))
			t.writeMsgUnix("WriteMsgUnix", c, []byte("x"), nil, nil)
			t.err("SetDeadline", c.SetDeadline(past))
			t.err("SetReadDeadline", c.SetReadDeadline(time.Time{}))
			t.err("SetWriteDeadline", c.SetWriteDeadline(time.Time{}))
			t.err("SetReadBuffer", c.SetReadBuffer(4096))
			t.err("CloseRead", c.CloseRead())
			t.err("CloseWrite", c.CloseWrite())
			_, err := c.File()
			t.err("File", err)
			t.address("LocalAddr", c.LocalAddr())
			t.line("RemoteAddr: %s", briefText(c.RemoteAddr()))
		}
		l, _ := net.ListenUnix("unix", unixAddr("unix", path("l")))
		t.err("Close", l.Close())
		t.err("Close", l.Close())
		_, err := l.Accept()
		t.err("Accept", err)
		_, err = l.AcceptUnix()
		t.err("AcceptUnix", err)
		t.err("SetDeadline", l.SetDeadline(past))
		_, err = l.File()
		t.err("File", err)
		t.address("Addr", l.Addr())
	})

	register("unix-paths", func(t *transcript) {
		path := t.folder()
		folder := path("") + "/"
		for i, length := range []int{107, 108, 109, 200} {
			rest := strings.Repeat(string("abcd"[i]), length-len(folder))
			name := folder + rest
			t.hide(rest, fmt.Sprintf("<%d bytes>", length))
			l, err := net.Listen("unix", name)
			t.err(fmt.Sprintf("Listen %d", length), err)
			c, err := net.Dial("unix", name)
			t.err(fmt.Sprintf("Dial %d", length), err)
			if l != nil {
				c.Close()
				t.address("Addr", l.Addr())
				l.Close()
			}
			g, err := net.ListenPacket("unixgram", name)
			t.err(fmt.Sprintf("ListenPacket %d", length), err)
			if g != nil {
				g.Close()
			}
		}
		abstract := "@" + strings.Repeat("z", 107)
		t.hide(abstract, "<abstract>")
		l, err := net.Listen("unix", abstract)
		t.err("Listen abstract 108", err)
		c, err := net.Dial("unix", abstract)
		t.err("Dial abstract 108", err)
		t.address("Addr", l.Addr())
		t.address("RemoteAddr", c.RemoteAddr())
		c.Close()
		l.Close()
		_, err = net.Listen("unix", abstract+"z")
		t.err("Listen abstract 109", err)

		os.WriteFile(path("file"), nil, 0600)
		for _, network := range []string{"unix", "unixgram", "unixpacket"} {
			for _, name := range []string{path("nobody"), path("file"), path("no/such/folder"), path("file/x"), "/", ""} {
				c, err := net.Dial(network, name)
				t.opened("Dial "+network+" "+name, c, err)
			}
		}
		for _, name := range []string{path("file"), path("no/such/folder"), path("file/x"), "/", "/nosuchfolder/x"} {
			_, err := net.Listen("unix", name)
			t.err("Listen "+name, err)
			_, err = net.ListenPacket("unixgram", name)
			t.err("ListenPacket "+name, err)
		}
		s, _ := net.Listen("unix", path("s"))
		t.later(s)
		p, _ := net.Listen("unixpacket", path("p"))
		t.later(p)
		t.unixgram(path("g"))
		for _, network := range []string{"unix", "unixgram", "unixpacket"} {
			for _, name := range []string{"s", "p", "g"} {
				c, err := net.Dial(network, path(name))
				t.opened("Dial "+network+" "+name, c, err)
			}
		}
		_, err = net.Listen("unix", path("s"))
		t.err("Listen again", err)
		_, err = net.Listen("unixpacket", path("s"))
		t.err("Listen again, unixpacket", err)
	})

	register("unix-whom", func(t *transcript) {
		path := t.folder()
		dial := func(network string, laddr, raddr *net.UnixAddr) *net.UnixConn {
			c, err := net.DialUnix(network, laddr, raddr)
			t.opened(fmt.Sprintf("DialUnix %s %v %v", network, laddr, raddr), c, err)
			return c
		}
		l, _ := net.Listen("unix", path("l"))
		t.later(l)
		at := unixAddr("unix", path("l"))
		dial("unix", nil, at)
		dial("unix", nil, nil)
		dial("unix", at, nil)
		dial("unix", unixAddr("unix", path("from")), at)
		dial("unix", unixAddr("unix", path("from")), at)
		dial("unix", nil, unixAddr("unixgram", path("l")))
		dial("unix", nil, unixAddr("", path("l")))
		dial("udp", nil, at)
		dial("", nil, at)
		g := t.unixgram(path("g"))
		to := unixAddr("unixgram", path("g"))
		dial("unixgram", nil, nil)
		unnamed := dial("unixgram", nil, to)
		bound := dial("unixgram", unixAddr("unixgram", path("b")), nil)
		both := dial("unixgram", unixAddr("unixgram", path("c")), to)
		unnamed.Write([]byte("from nobody"))
		t.readFrom("ReadFrom", g, 64)
		t.writeTo("bound WriteTo", bound, []byte("from b"), to)
		t.readFrom("ReadFrom", g, 64)
		t.write("both Write", both, "from c")
		t.readFrom("ReadFrom", g, 64)
		t.write("bound Write", bound, "x")
		t.writeTo("unnamed WriteTo", unnamed, []byte("x"), to)
		t.writeTo("bound WriteTo another network", bound, []byte("x"), unixAddr("unix", path("g")))
		t.writeTo("bound WriteTo UDPAddr", bound, []byte("x"), udpAddr("127.0.0.1", 9))
		t.writeTo("bound WriteTo nobody", bound, []byte("x"), unixAddr("unixgram", path("nobody")))
		t.writeTo("bound WriteTo a stream", bound, []byte("x"), unixAddr("unixgram", path("l")))
		t.writeTo("bound WriteTo no name", bound, []byte("x"), unixAddr("unixgram", ""))
		t.writeTo("bound WriteTo a long name", bound, []byte("x"), unixAddr("unixgram", strings.Repeat("l", 150)))
		n, err := bound.WriteToUnix([]byte("x"), nil)
		t.count("bound WriteToUnix nil", n, err)
		t.writeMsgUnix("bound WriteMsgUnix nil", bound, []byte("x"), nil, nil)
		t.writeMsgUnix("bound WriteMsgUnix", bound, []byte("message"), nil, to)
		t.readMsgUnix("ReadMsgUnix", g, 64, 64)
		t.writeMsgUnix("unnamed WriteMsgUnix", unnamed, []byte("message"), nil, nil)
		t.writeMsgUnix("unnamed WriteMsgUnix to", unnamed, []byte("x"), nil, to)
		t.err("CloseWrite", unnamed.CloseWrite())
		t.write("Write", unnamed, "x")
		t.err("CloseRead", g.CloseRead())
		t.write("both Write", both, "x")
		g.SetReadDeadline(inMs(50))
		t.read("Read", g, 8)
		c, s := t.unixPair("unix", path("s"))
		t.writeTo("stream WriteTo", c, []byte("x"), at)
		t.writeTo("accepted WriteTo", s, []byte("x"), at)
		t.writeMsgUnix("stream WriteMsgUnix to", c, []byte("x"), nil, at)
		t.write("Write", s, "to the client")
		t.readFrom("ReadFrom", c, 4)
		t.readMsgUnix("ReadMsgUnix", c, 4, 0)
		t.write("Write", c, "to the server")
		t.readFrom("server ReadFrom", s, 4)
		t.readMsgUnix("server ReadMsgUnix", s, 4, 0)
		_, err = net.ListenUnix("unixgram", unixAddr("unixgram", path("x")))
		t.err("ListenUnix unixgram", err)
		_, err = net.ListenUnix("unix", nil)
		t.err("ListenUnix nil", err)
		_, err = net.ListenUnixgram("unix", unixAddr("unix", path("x")))
		t.err("ListenUnixgram unix", err)
		_, err = net.ListenUnixgram("unixgram", nil)
		t.err("ListenUnixgram nil", err)
		_, err = net.ResolveUnixAddr("unix5", path("x"))
		t.err("ResolveUnixAddr", err)
	})

	register("unix-names-by-the-kernel", func(t *transcript) {
		for _, name := range []string{"", "@"} {
			l, err := net.Listen("unix", name)
			t.err("Listen "+quote(name), err)
			if err != nil {
				continue
			}
			t.line("kernel's name: %v", len(l.Addr().String()) == 6 && l.Addr().String()[0] == '@')
			c, err := net.Dial("unix", l.Addr().String())
			t.err("Dial", err)
			s, err := l.Accept()
			t.err("Accept", err)
			t.line("same: %v %v", c.RemoteAddr().String() == l.Addr().String(), s.LocalAddr().String() == l.Addr().String())
			c.Close()
			s.Close()
			l.Close()
		}
		g, err := net.ListenPacket("unixgram", "")
		t.err("ListenPacket", err)
		if err == nil {
			t.line("kernel's name: %v", len(g.LocalAddr().String()) == 6)
			g.Close()
		}
	})

	register("unix-abstract-names", func(t *transcript) {
		name := fmt.Sprintf("@gonet-oracle-%d", os.Getpid())
		t.hide(name[1:], "NAME")
		a, b := t.unixgram(name+"a"), t.unixgram(name+"b")
		t.address("LocalAddr", a.LocalAddr())
		t.writeTo("WriteTo", a, []byte("one"), b.LocalAddr())
		t.writeTo("WriteTo", b, []byte("two"), t.readFrom("ReadFrom", b, 16))
		t.readMsgUnix("ReadMsgUnix", a, 16, 16)
		c, err := net.DialUnix("unixgram", unixAddr("unixgram", name+"c"), unixAddr("unixgram", name+"b"))
		t.opened("DialUnix", c, err)
		t.write("Write", c, "three")
		t.readFrom("ReadFrom", b, 16)
		t.writeTo("WriteTo nobody", a, []byte("x"), unixAddr("unixgram", name+"nobody"))
		_, err = net.Dial("unix", name+"nobody")
		t.err("Dial nobody", err)
		_, err = net.Dial("unixpacket", name+"b")
		t.err("Dial another kind", err)
		b.Close()
		t.write("Write to a closed one", c, "x")
		t.write("Write to a closed one", c, "x")
		l, err := net.Listen("unixpacket", name)
		t.err("Listen", err)
		d, err := net.DialUnix("unixpacket", unixAddr("unixpacket", name+"d"), unixAddr("unixpacket", name))
		t.opened("DialUnix", d, err)
		s, err := l.Accept()
		t.opened("Accept", s, err)
		f, _ := l.(*net.UnixListener).File()
		t.line("Name: %s", f.Name())
		t.err("Close", l.Close())
		again, err := net.FileListener(f)
		t.err("FileListener", err)
		t.later(again)
		f.Close()
		e, err := net.Dial("unixpacket", name)
		t.opened("Dial", e, err)
		for _, odd := range []string{name + "\x00odd", name + "\xc3\xa4", "@/" + name[1:], "@ " + name[1:]} {
			l, err := net.Listen("unix", odd)
			t.err("Listen "+quote(odd), err)
			t.address("Addr", l.Addr())
			c, err := net.Dial("unix", odd)
			t.opened("Dial", c, err)
			l.Close()
		}
	})

	register("unix-listener", func(t *transcript) {
		path := t.folder()
		exists := func(name string) bool {
			_, err := os.Lstat(path(name))
			return err == nil
		}
		l, _ := net.ListenUnix("unix", unixAddr("unix", path("l")))
		t.err("SetDeadline", l.SetDeadline(past))
		_, err := l.Accept()
		t.err("Accept", err)
		l.SetDeadline(inMs(50))
		_, err = l.AcceptUnix()
		t.err("AcceptUnix", err)
		l.SetDeadline(time.Time{})
		done := make(chan error)
		go func() {
			_, err := l.Accept()
			done <- err
		}()
		pass(50)
		t.err("Close", l.Close())
		t.err("Accept", <-done)
		t.line("file: %v", exists("l"))
		l, _ = net.ListenUnix("unix", unixAddr("unix", path("k")))
		l.SetUnlinkOnClose(false)
		l.Close()
		t.line("file: %v", exists("k"))
		_, err = net.Dial("unix", path("k"))
		t.err("Dial", err)
		_, err = net.Listen("unix", path("k"))
		t.err("Listen", err)
		l, _ = net.ListenUnix("unixpacket", unixAddr("unixpacket", path("f")))
		f, err := l.File()
		t.err("File", err)
		t.line("Name: %s", f.Name())
		again, err := net.FileListener(f)
		t.err("FileListener", err)
		t.address("Addr", again.Addr())
		f.Close()
		c, err := net.Dial("unixpacket", path("f"))
		t.opened("Dial", c, err)
		s, err := again.Accept()
		t.opened("Accept", s, err)
		t.err("Close", again.Close())
		t.line("file: %v", exists("f"))
		t.err("Close", l.Close())
		t.line("file: %v", exists("f"))
		sf, _ := s.(*net.UnixConn).File()
		t.line("Name: %s", sf.Name())
		g, err := net.FileConn(sf)
		t.opened("FileConn", g, err)
		p, err := net.FilePacketConn(sf)
		if err == nil {
			t.later(p)
		}
		t.err("FilePacketConn", err)
		_, err = net.FileListener(sf)
		t.line("FileListener: %v", err != nil)
		sf.Close()
		t.write("Write", g, "through a file")
		t.read("Read", c, 64)
	})

	register("unix-ends", func(t *transcript) {
		path := t.folder()
		for _, network := range []string{"unix", "unixpacket"} {
			t.line("%s", network)
			c, s := t.unixPair(network, path(network+"1"))
			t.write("Write", c, "first")
			t.err("CloseWrite", c.CloseWrite())
			t.err("CloseWrite", c.CloseWrite())
			t.read("server Read", s, 64)
			t.read("server Read", s, 64)
			t.readFrom("server ReadFrom", s, 64)
			t.readMsgUnix("server ReadMsgUnix", s, 64, 0)
			t.write("server Write", s, "still")
			t.read("Read", c, 64)
			t.write("Write", c, "x")
			t.err("server Close", s.Close())
			t.read("Read", c, 64)
			t.err("Close", c.Close())

			c, s = t.unixPair(network, path(network+"2"))
			t.write("Write", c, "never read")
			t.err("server Close", s.Close())
			pass(50)
			t.read("Read", c, 64)
			t.quirk() // it is a reset only if nobody has read ahead
			t.read("Read", c, 64)
			t.write("Write", c, "x")
			t.write("Write", c, "x")

			c, s = t.unixPair(network, path(network+"3"))
			t.err("CloseRead", c.CloseRead())
			t.read("Read", c, 64)
			pass(50)
			// What is written to a stream goes to the kernel later, so the writer is told later.
			t.write("server Write", s, "x")
			if network == "unix" {
				t.quirk()
			}
			t.write("Write", c, "the other way")
			t.read("server Read", s, 64)
			t.err("Close", c.Close())
			t.read("server Read", s, 64)
			if network == "unix" {
				t.quirk()
			}

			c, s = t.unixPair(network, path(network+"4"))
			t.write("server Write", s, "there already")
			t.err("server Close", s.Close())
			pass(50)
			t.write("Write", c, "x")
			t.read("Read", c, 64)
			t.read("Read", c, 64)

			c, s = t.unixPair(network, path(network+"5"))
			t.err("SetDeadline", c.SetDeadline(past))
			t.read("Read", c, 8)
			t.readFrom("ReadFrom", c, 8)
			t.readMsgUnix("ReadMsgUnix", c, 8, 8)
			t.write("Write", c, "x")
			t.writeMsgUnix("WriteMsgUnix", c, []byte("x"), nil, nil)
			c.SetDeadline(time.Time{})
			t.read("Read 0", c, 0)
			t.write("Write 0", c, "")
			done := make(chan bool)
			go func() {
				t.read("Read", c, 8)
				done <- true
			}()
			pass(50)
			err := c.Close()
			<-done
			t.err("Close", err)
			t.read("server Read", s, 8)
		}
	})

	register("unixpacket-records", func(t *transcript) {
		path := t.folder()
		c, s := t.unixPair("unixpacket", path("p"))
		for _, size := range []int{1, 4096, 65536, 200000} {
			t.err(fmt.Sprintf("Write %d", size), second(c.Write(make([]byte, size))))
			b := make([]byte, 300000)
			n, err := s.Read(b)
			t.count("Read", n, err)
		}
		n, err := c.Write(make([]byte, 10<<20))
		t.count("Write 10 MiB", n, err)
		t.write("Write", c, "0123456789")
		t.write("Write", c, "0123456789")
		t.write("Write", c, "0123456789")
		t.readMsgUnix("ReadMsgUnix 4", s, 4, 0)
		t.readFrom("ReadFrom 4", s, 4)
		t.readMsgUnix("ReadMsgUnix 16", s, 16, 16)
		t.write("Write empty", c, "")
		t.write("Write after it", c, "after an empty one")
		t.read("Read", s, 64)
		t.read("Read", s, 64)
		t.writeTo("WriteTo", c, []byte("x"), unixAddr("unixpacket", path("p")))
		t.writeMsgUnix("WriteMsgUnix to", c, []byte("x"), nil, unixAddr("unixpacket", path("p")))
		t.writeMsgUnix("WriteMsgUnix", c, []byte("message"), nil, nil)
		t.readMsgUnix("ReadMsgUnix", s, 64, 64)
	})

	register("unixgram-packets", func(t *transcript) {
		path := t.folder()
		a, b := t.unixgram(path("a")), t.unixgram(path("b"))
		to := b.LocalAddr()
		for _, size := range []int{0, 1, 65536, 200000} {
			t.err(fmt.Sprintf("WriteTo %d", size), second(a.WriteTo(make([]byte, size), to)))
			buffer := make([]byte, 300000)
			n, from, err := b.ReadFrom(buffer)
			t.line("ReadFrom: n=%d addr=%s%s", n, briefText(from), suffix(err))
		}
		n, err := a.WriteTo(make([]byte, 10<<20), to)
		t.count("WriteTo 10 MiB", n, err)
		a.WriteTo([]byte("0123456789"), to)
		a.WriteTo([]byte("0123456789"), to)
		a.WriteTo([]byte("0123456789"), to)
		t.readMsgUnix("ReadMsgUnix 4", b, 4, 0)
		t.read("Read 4", b, 4)
		t.readFrom("ReadFrom 0", b, 0)
		a.SetWriteDeadline(inMs(100))
		full := 0
		for ; full < 1000; full++ {
			if _, err = a.WriteTo([]byte("until it is full"), to); err != nil {
				break
			}
		}
		t.line("full after some: %v", full > 1)
		t.err("WriteTo", err)
		a.SetWriteDeadline(time.Time{})
		t.readFrom("ReadFrom", b, 64)
		t.writeTo("WriteTo", a, []byte("there is room"), to)
		b.SetReadDeadline(past)
		t.readFrom("ReadFrom late", b, 64)
		b.Close()
		t.writeTo("WriteTo closed", a, []byte("x"), to)
		os.Remove(path("b"))
		t.writeTo("WriteTo removed", a, []byte("x"), to)
		c := t.unixgram(path("c"))
		d, err := net.DialUnix("unixgram", nil, unixAddr("unixgram", path("c")))
		t.opened("DialUnix", d, err)
		c.Close()
		t.write("Write closed", d, "x")
		t.write("Write closed", d, "x")
		d.SetReadDeadline(inMs(50))
		t.read("Read", d, 8)
	})

	register("unix-rights", func(t *transcript) {
		path := t.folder()
		c, s := t.unixPair("unix", path("s"))
		three := syscall.UnixRights(fds(t, c, 3)...)
		one := syscall.UnixRights(fds(t, c, 1)...)
		t.line("UnixRights: %d %d %d", len(three), len(one), len(syscall.UnixRights()))
		for _, size := range []int{0, 8, 15, 16, 19, 20, 23, 24, 25, 27, 28, 31, 32, 64} {
			t.writeMsgUnix("WriteMsgUnix", c, []byte("three"), three, nil)
			t.rights("rights", t.readMsgUnix(fmt.Sprintf("ReadMsgUnix oob %d", size), s, 16, size))
		}
		t.writeMsgUnix("WriteMsgUnix", c, []byte("first"), one, nil)
		t.write("Write", c, "second")
		t.writeMsgUnix("WriteMsgUnix", c, []byte("third"), one, nil)
		t.writeMsgUnix("WriteMsgUnix", c, []byte("fourth"), three, nil)
		t.rights("rights", t.readMsgUnix("ReadMsgUnix", s, 64, 64))
		t.rights("rights", t.readMsgUnix("ReadMsgUnix", s, 64, 64))
		t.rights("rights", t.readMsgUnix("ReadMsgUnix", s, 64, 64))
		t.write("Write", c, "plain")
		t.writeMsgUnix("WriteMsgUnix", c, []byte("with"), one, nil)
		pass(50)
		t.read("Read", s, 64)
		t.writeMsgUnix("WriteMsgUnix", c, []byte("0123456789"), one, nil)
		t.rights("rights", t.readMsgUnix("ReadMsgUnix 4", s, 4, 64))
		t.rights("rights", t.readMsgUnix("ReadMsgUnix 4", s, 4, 64))
		t.read("Read", s, 64)
		t.writeMsgUnix("WriteMsgUnix 0 bytes", c, nil, one, nil)
		t.rights("rights", t.readMsgUnix("ReadMsgUnix", s, 8, 64))
		t.writeMsgUnix("WriteMsgUnix 0 bytes", c, nil, one, nil)
		t.rights("rights", t.readMsgUnix("ReadMsgUnix 0 bytes", s, 0, 64))
		t.writeMsgUnix("WriteMsgUnix nothing", c, nil, nil, nil)
		t.writeMsgUnix("no file", c, []byte("x"), syscall.UnixRights(999999), nil)
		t.writeMsgUnix("below 0", c, []byte("x"), syscall.UnixRights(-1), nil)
		t.writeMsgUnix("too short", c, []byte("short"), []byte{1, 2, 3}, nil)
		t.readMsgUnix("ReadMsgUnix", s, 64, 64)
		broken := append([]byte{}, one...)
		broken[0] = 255
		t.writeMsgUnix("too long a length", c, []byte("x"), broken, nil)
		broken[0] = 3
		t.writeMsgUnix("too short a length", c, []byte("x"), broken, nil)
		t.writeMsgUnix("two messages", c, []byte("two"), append(append([]byte{}, one...), three...), nil)
		t.rights("rights", t.readMsgUnix("ReadMsgUnix", s, 64, 64))
		t.err("ParseUnixRights of nothing", second(0, func() error {
			_, err := syscall.ParseSocketControlMessage([]byte{1, 2, 3})
			return err
		}()))
		many := fds(t, c, 1)[0]
		numbers := make([]int, 254)
		for i := range numbers {
			numbers[i] = many
		}
		t.writeMsgUnix("254 files", c, []byte("x"), syscall.UnixRights(numbers...), nil)
		numbers = numbers[:253]
		t.writeMsgUnix("253 files", c, []byte("x"), syscall.UnixRights(numbers...), nil)
		t.rights("rights", t.readMsgUnix("ReadMsgUnix", s, 64, 2048))

		for _, network := range []string{"unixgram", "unixpacket"} {
			t.line("%s", network)
			var a, b *net.UnixConn
			var to *net.UnixAddr
			if network == "unixgram" {
				a, b = t.unixgram(path("a")), t.unixgram(path("b"))
				to = b.LocalAddr().(*net.UnixAddr)
			} else {
				a, b = t.unixPair(network, path("p"))
			}
			t.writeMsgUnix("WriteMsgUnix", a, []byte("datagram"), one, to)
			t.rights("rights", t.readMsgUnix("ReadMsgUnix 4", b, 4, 64))
			t.writeMsgUnix("WriteMsgUnix", a, []byte("datagram"), three, to)
			t.rights("rights", t.readMsgUnix("ReadMsgUnix oob 20", b, 64, 20))
			t.writeMsgUnix("WriteMsgUnix", a, []byte("datagram"), three, to)
			t.readMsgUnix("ReadMsgUnix oob 0", b, 64, 0)
			t.writeMsgUnix("WriteMsgUnix", a, []byte("datagram"), one, to)
			t.read("Read", b, 64)
			t.writeMsgUnix("WriteMsgUnix 0 bytes", a, nil, one, to)
			t.rights("rights", t.readMsgUnix("ReadMsgUnix", b, 64, 64))
		}
	})

	register("files", func(t *transcript) {
		c, s := t.pair()
		f, _ := c.File()
		t.line("Name: %s", f.Name())
		b := make([]byte, 64)
		n, err := f.Write([]byte("from the file"))
		t.count("Write", n, err)
		t.read("server Read", s, 64)
		t.err("Close", c.Close())
		n, err = f.Write([]byte("still"))
		t.count("Write", n, err)
		t.read("server Read", s, 64)
		t.write("Write", s, "to the file")
		n, err = f.Read(b)
		t.line("Read: %s%s", quote(string(b[:n])), suffix(err))
		again, err := net.FileConn(f)
		t.opened("FileConn", again, err)
		_, err = net.FilePacketConn(f)
		t.err("FilePacketConn", err)
		t.err("Close", f.Close())
		t.line("Close: %v", f.Close())
		_, err = f.Read(b)
		t.line("Read: %v", err)
		_, err = f.Write(b)
		t.line("Write: %v", err)
		_, err = net.FileConn(f)
		t.err("FileConn", err)
		_, err = net.FileListener(f)
		t.err("FileListener", err)
		_, err = net.FilePacketConn(f)
		t.err("FilePacketConn", err)
		again.Close()
		all, err := io.ReadAll(s)
		t.line("server ReadAll: %d%s", len(all), suffix(err))
		t.line("NewFile -1: %v", os.NewFile(^uintptr(0), "none") == nil)
	})
}
