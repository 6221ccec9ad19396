package main

import (
	"io"
	"net"
	"strings"
	"time"
)

func init() {
	register("tcp-write-after-peer-closed", func(t *transcript) {
		c, s := t.pair()
		t.err("server Close", s.Close())
		pass(50)
		t.write("Write", c, "x")
		pass(100)
		t.write("Write", c, "y")
		t.read("Read", c, 8)
		t.err("CloseWrite", c.CloseWrite())
		t.err("CloseRead", c.CloseRead())
		t.err("Close", c.Close())
	})

	register("tcp-closed-with-data-unread", func(t *transcript) {
		c, s := t.pair()
		t.write("Write", c, "never read")
		pass(50)
		t.write("server Write", s, "but answered")
		t.err("server Close", s.Close())
		pass(100)
		t.read("Read", c, 64)
		t.read("Read", c, 64)
		t.read("Read", c, 64)
		t.write("Write", c, "x")
		t.err("Close", c.Close())
	})

	register("tcp-closed-with-data-half-read", func(t *transcript) {
		c, s := t.pair()
		t.write("Write", c, "half of this")
		t.read("server Read", s, 4)
		t.err("server Close", s.Close())
		pass(100)
		t.read("Read", c, 64)
		t.read("Read", c, 64)
	})

	register("tcp-data-then-reset", func(t *transcript) {
		c, s := t.pair()
		t.write("server Write", s, "last words")
		t.err("SetLinger", s.SetLinger(0))
		t.err("server Close", s.Close())
		pass(100)
		t.read("Read", c, 4)
		t.read("Read", c, 64)
		t.read("Read", c, 64)
		t.read("Read", c, 64)
		t.write("Write", c, "x")
	})

	register("tcp-reset-told-to-write", func(t *transcript) {
		c, s := t.pair()
		s.SetLinger(0)
		s.Close()
		pass(100)
		t.write("Write", c, "x")
		t.write("Write", c, "y")
		t.read("Read", c, 8)
		t.err("CloseWrite", c.CloseWrite())
		t.err("SetNoDelay", c.SetNoDelay(true))
		t.err("Close", c.Close())
	})

	register("tcp-reset-while-blocked", func(t *transcript) {
		c, s := t.pair()
		done := make(chan bool)
		go func() {
			n, err := c.Write(make([]byte, 64<<20))
			t.err("Write", err)
			t.line("partial: %v", n > 0 && n < 64<<20)
			done <- true
		}()
		pass(100)
		s.SetLinger(0)
		s.Close()
		<-done
		t.write("Write", c, "x")
	})

	register("tcp-close-while-writing", func(t *transcript) {
		c, _ := t.pair()
		done := make(chan bool)
		go func() {
			n, err := c.Write(make([]byte, 64<<20))
			t.err("Write", err)
			t.line("partial: %v", n > 0 && n < 64<<20)
			done <- true
		}()
		pass(100)
		c.Close()
		<-done
	})

	register("tcp-close-read", func(t *transcript) {
		c, s := t.pair()
		t.err("CloseRead", c.CloseRead())
		t.read("Read", c, 8)
		t.write("Write", c, "out")
		t.read("server Read", s, 8)
		t.err("CloseRead", c.CloseRead())
		t.err("CloseWrite", c.CloseWrite())
		t.read("server Read", s, 8)
		t.err("Close", c.Close())
	})

	register("tcp-close-read-unblocks", func(t *transcript) {
		c, _ := t.pair()
		done := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 8))
			done <- err
		}()
		pass(50)
		t.err("CloseRead", c.CloseRead())
		t.err("Read", <-done)
	})

	register("tcp-close-read-keeps-data", func(t *transcript) {
		c, s := t.pair()
		t.write("server Write", s, "was there")
		pass(50)
		t.err("CloseRead", c.CloseRead())
		t.read("Read", c, 64)
		t.read("Read", c, 64)
	})

	register("tcp-close-write-twice", func(t *transcript) {
		c, s := t.pair()
		t.err("CloseWrite", c.CloseWrite())
		t.err("CloseWrite", c.CloseWrite())
		t.write("Write", c, "x")
		t.read("server Read", s, 8)
		t.write("server Write", s, "still")
		t.read("Read", c, 8)
		t.err("server CloseWrite", s.CloseWrite())
		t.read("Read", c, 8)
		pass(50)
		t.err("CloseWrite", c.CloseWrite())
		t.err("server CloseRead", s.CloseRead())
	})

	register("tcp-empty-calls", func(t *transcript) {
		c, s := t.pair()
		t.read("Read", c, 0)
		t.write("Write", c, "")
		c.SetDeadline(past)
		t.read("Read late", c, 0)
		t.write("Write late", c, "")
		c.SetDeadline(time.Time{})
		s.Close()
		pass(50)
		t.read("Read at the end", c, 0)
		c.CloseWrite()
		t.write("Write after CloseWrite", c, "")
		c.Close()
		t.read("Read closed", c, 0)
		t.write("Write closed", c, "")
	})

	register("tcp-options", func(t *transcript) {
		c, _ := t.pair()
		t.err("SetKeepAlivePeriod 0", c.SetKeepAlivePeriod(0))
		t.err("SetKeepAlivePeriod -1s", c.SetKeepAlivePeriod(-time.Second))
		t.err("SetKeepAlivePeriod 1ms", c.SetKeepAlivePeriod(time.Millisecond))
		t.err("SetKeepAlivePeriod 32767s", c.SetKeepAlivePeriod(32767*time.Second))
		t.err("SetKeepAlivePeriod 32768s", c.SetKeepAlivePeriod(32768*time.Second))
		t.err("SetKeepAlive", c.SetKeepAlive(false))
		t.err("SetNoDelay", c.SetNoDelay(false))
		for _, sec := range []int{-1, 0, 1, 1 << 20} {
			t.err("SetLinger", c.SetLinger(sec))
		}
		for _, bytes := range []int{0, 1, -1, 1 << 30} {
			t.err("SetReadBuffer", c.SetReadBuffer(bytes))
			t.err("SetWriteBuffer", c.SetWriteBuffer(bytes))
		}
		c.SetLinger(-1)
	})

	register("tcp-deadlines", func(t *transcript) {
		c, s := t.pair()
		s.Write([]byte("there already"))
		pass(50)
		t.err("SetDeadline past", c.SetDeadline(past))
		t.read("Read", c, 8)
		t.write("Write", c, "x")
		t.err("SetDeadline +1h", c.SetDeadline(inMs(3600_000)))
		t.read("Read", c, 64)
		t.write("Write", c, "x")
		t.err("SetWriteDeadline past", c.SetWriteDeadline(past))
		t.err("CloseWrite", c.CloseWrite())
		t.write("Write", c, "x")
		t.err("SetReadDeadline past", c.SetReadDeadline(past))
		s.Close()
		pass(50)
		t.read("Read at the end", c, 8)
		c.SetDeadline(time.Time{})
		t.read("Read at the end", c, 8)
	})

	register("tcp-listener-closed", func(t *transcript) {
		l := t.listen("srv")
		t.err("Close", l.Close())
		t.err("Close", l.Close())
		_, err := l.Accept()
		t.err("Accept", err)
		_, err = l.AcceptTCP()
		t.err("AcceptTCP", err)
		t.err("SetDeadline", l.SetDeadline(past))
		_, err = l.File()
		t.err("File", err)
		t.address("Addr", l.Addr())
	})

	register("tcp-listener-closed-with-one-waiting", func(t *transcript) {
		l := t.listen("srv")
		c := t.dial(l)
		t.named("cli", c.LocalAddr())
		pass(50)
		t.err("Close", l.Close())
		pass(50)
		t.read("Read", c, 8)
		t.write("Write", c, "x")
	})

	register("tcp-concurrent-accepts", func(t *transcript) {
		l := t.listen("srv")
		accepted := make(chan string, 5)
		for i := 0; i < 5; i++ {
			go func() {
				c, err := l.Accept()
				if err == nil {
					c.Close()
				}
				accepted <- errorText(err)
			}()
		}
		for i := 0; i < 3; i++ {
			t.dial(l)
		}
		for i := 0; i < 3; i++ {
			t.line("Accept: %s", <-accepted)
		}
		l.Close()
		for i := 0; i < 2; i++ {
			t.line("Accept: %s", <-accepted)
		}
	})

	register("tcp-listen-again", func(t *transcript) {
		l := t.listen("srv")
		c := t.dial(l)
		s, _ := l.Accept()
		t.later(s)
		l.Close()
		again, err := net.Listen("tcp", l.Addr().String())
		t.err("Listen while a connection is open", err)
		t.later(again)
		t.write("Write", c, "still")
		t.read("Read", s, 8)
		_, err = net.Listen("tcp", strings.Replace(l.Addr().String(), "127.0.0.1", "0.0.0.0", 1))
		t.err("Listen on all", err)
		_, err = net.Listen("tcp4", strings.Replace(l.Addr().String(), "127.0.0.1", "0.0.0.0", 1))
		t.err("Listen on all of IPv4", err)
		other, err := net.Listen("tcp", strings.Replace(l.Addr().String(), "127.0.0.1", "127.0.0.2", 1))
		t.err("Listen on another", err)
		if err == nil {
			t.later(other)
		}
	})

	register("tcp-both-families", func(t *transcript) {
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			l, err := net.Listen(network, ":0")
			if err != nil {
				panic(err)
			}
			t.later(l)
			port := t.named("srv", l.Addr())
			t.address(network, l.Addr())
			for _, host := range []string{"127.0.0.1", "::1", "127.0.0.2", "::ffff:127.0.0.1"} {
				c, err := net.Dial("tcp", net.JoinHostPort(host, port))
				if err != nil {
					t.err("Dial "+host, err)
					continue
				}
				t.later(c)
				s, _ := l.Accept()
				t.later(s)
				t.address("client local", c.LocalAddr())
				t.address("client remote", c.RemoteAddr())
				t.address("server local", s.LocalAddr())
				t.address("server remote", s.RemoteAddr())
			}
		}
	})

	register("tcp-from-an-address", func(t *transcript) {
		l := t.listen("srv")
		to := l.Addr().(*net.TCPAddr)
		c, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, to)
		t.err("DialTCP", err)
		t.later(c)
		t.named("cli", c.LocalAddr())
		s, _ := l.AcceptTCP()
		t.later(s)
		t.address("server remote", s.RemoteAddr())
		_, err = net.DialTCP("tcp", c.LocalAddr().(*net.TCPAddr), to)
		t.err("DialTCP from the same port", err)
		_, err = net.DialTCP("tcp", to, to)
		t.err("DialTCP from the listener's port", err)
	})

	register("tcp-readfrom-conn", func(t *transcript) {
		c, s := t.pair()
		d, e := net.Pipe()
		go func() {
			e.Write([]byte("through the pipe"))
			e.Close()
		}()
		n, err := c.ReadFrom(d)
		t.count("ReadFrom", int(n), err)
		t.read("server Read", s, 64)
		c.Close()
		n, err = c.ReadFrom(strings.NewReader("too late"))
		t.count("ReadFrom closed", int(n), err)
		n, err = c.ReadFrom(strings.NewReader(""))
		t.count("ReadFrom nothing closed", int(n), err)
		k, err := io.Copy(struct{ io.Writer }{s}, struct{ io.Reader }{c})
		t.count("Copy from closed", int(k), err)
	})

	register("tcp-gone-before-accept", func(t *transcript) {
		l := t.listen("srv")
		c := t.dial(l)
		t.named("cli", c.LocalAddr())
		c.SetLinger(0)
		c.Close()
		pass(50)
		s, err := l.AcceptTCP()
		t.err("Accept", err)
		if err == nil {
			t.later(s)
			t.address("remote", s.RemoteAddr())
			t.quirk() // gonet asks the kernel afterwards, which no longer knows
		}
	})
}
