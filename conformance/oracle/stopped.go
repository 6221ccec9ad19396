package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The scenario has two processes: one that is stopped by SIGSTOP, and goes on after SIGCONT, and this one, which does to its
// peers what they do meanwhile. The stopped one is this program again, with stoppedEnv set.

const (
	stoppedEnv = "GONET_ORACLE_STOPPED"
	stopMs     = 1500
	actMs      = 300 // into the stop
	deadlineMs = 700 // passes in the stop
	settleMs   = 300 // what came meanwhile has arrived then
	manyBytes  = 16 << 20
	packets    = 200 // more than fit
	swallowed  = "198.51.100.9:80"
)

// roads are the connections that the stopped program dials, by what happens to them.
var roads = []string{"data", "end", "reset", "pending reset", "write", "write reset", "unread reset", "deadline"}

func init() {
	register("stopped-and-continued", func(t *transcript) {
		at := map[string]string{}
		listeners := map[string]*net.TCPListener{}
		for _, road := range roads {
			listeners[road] = t.listen("srv")
			at[road] = listeners[road].Addr().String()
		}
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), stoppedEnv+"=1")
		child.Stderr = os.Stderr
		in, _ := child.StdinPipe()
		out, _ := child.StdoutPipe()
		if err := child.Start(); err != nil {
			panic(err)
		}
		said := bufio.NewReader(out)
		tell := func(v any) {
			b, _ := json.Marshal(v)
			fmt.Fprintf(in, "%s\n", b)
		}
		hear := func(into any) {
			line, err := said.ReadBytes('\n')
			if err == nil {
				err = json.Unmarshal(line, into)
			}
			if err != nil {
				panic(err)
			}
		}
		tell(at)
		peers := map[string]*net.TCPConn{}
		for _, road := range roads {
			c, err := listeners[road].AcceptTCP()
			if err != nil {
				panic(err)
			}
			t.later(c)
			peers[road] = c
		}
		var theirs map[string]string
		hear(&theirs)
		reset := func(road string) {
			peers[road].SetLinger(0)
			peers[road].Close()
		}

		child.Process.Signal(syscall.SIGSTOP)
		pass(actMs)
		peers["data"].Write([]byte("while stopped"))
		peers["end"].Write([]byte("last"))
		peers["end"].Close()
		peers["reset"].Write([]byte("last"))
		reset("pending reset")
		reset("write reset")
		reset("unread reset")
		go func() {
			b := make([]byte, 1<<16)
			for n := 0; n < manyBytes; {
				m, err := peers["write"].Read(b)
				if err != nil {
					return
				}
				n += m
			}
		}()
		for i := 1; i <= 3; i++ {
			c, err := net.Dial("tcp", theirs["accept"])
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(c, "client %d", i)
			c.Close()
		}
		from, _ := net.ListenPacket("udp", "127.0.0.1:0")
		t.later(from)
		send := func(name, s string) {
			to, _ := net.ResolveUDPAddr("udp", theirs[name])
			from.WriteTo([]byte(s), to)
		}
		for _, s := range []string{"one", "two", "three"} {
			send("packets", s)
		}
		for i := 0; i < packets; i++ {
			send("overflow", fmt.Sprintf("%-1000d", i))
		}
		pass(100)
		reset("reset") // its data is there by now
		pass(stopMs - actMs - 100)
		child.Process.Signal(syscall.SIGCONT)
		pass(settleMs)

		peers["data"].Write([]byte("afterwards"))
		peers["data"].Close()
		peers["deadline"].Write([]byte("later"))
		late, _ := net.Dial("tcp", theirs["accept deadline"])
		t.later(late)
		pass(settleMs)
		tell("on")
		var lines []string
		hear(&lines)
		for _, line := range lines {
			t.line("%s", line)
		}
		in.Close()
		child.Wait()
	})
}

// stopped is what the stopped program does. Each of its sockets has a transcript of its own.
func stopped() {
	in := bufio.NewReader(os.Stdin)
	hear := func(into any) {
		line, err := in.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, into)
		}
		if err != nil {
			panic(err)
		}
	}
	tell := func(v any) {
		b, _ := json.Marshal(v)
		os.Stdout.Write(append(b, '\n'))
	}
	var at map[string]string
	hear(&at)

	on := make(chan struct{})
	var all sync.WaitGroup
	var parts []*transcript
	part := func(name string, run func(t *transcript)) {
		t := &transcript{ports: map[string]string{}}
		parts = append(parts, t)
		all.Add(1)
		go func() {
			defer all.Done()
			run(t)
			for i, line := range t.lines {
				t.lines[i] = name + ": " + line
			}
		}()
	}
	roadTo := map[string]*net.TCPConn{}
	for _, road := range roads {
		c, err := net.Dial("tcp", at[road])
		if err != nil {
			panic(err)
		}
		roadTo[road] = c.(*net.TCPConn)
	}
	listen := func() *net.TCPListener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		return l.(*net.TCPListener)
	}
	listenPacket := func() *net.UDPConn {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		return c.(*net.UDPConn)
	}
	accept, acceptDeadline := listen(), listen()
	packet, overflow := listenPacket(), listenPacket()
	overflow.SetReadBuffer(16 << 10)

	part("data", func(t *transcript) {
		t.read("pending Read", roadTo["data"], 64)
		<-on
		t.read("Read", roadTo["data"], 64)
		t.read("Read", roadTo["data"], 64)
	})
	part("end", func(t *transcript) {
		<-on
		t.read("Read", roadTo["end"], 64)
		t.read("Read", roadTo["end"], 64)
	})
	part("reset", func(t *transcript) {
		<-on
		for i := 0; i < 3; i++ {
			t.read("Read", roadTo["reset"], 64)
		}
		t.write("Write", roadTo["reset"], "x")
	})
	part("pending reset", func(t *transcript) {
		t.read("pending Read", roadTo["pending reset"], 64)
		<-on
		t.read("Read", roadTo["pending reset"], 64)
		t.write("Write", roadTo["pending reset"], "x")
	})
	part("unread reset", func(t *transcript) {
		<-on
		t.write("Write", roadTo["unread reset"], "x")
		t.write("Write", roadTo["unread reset"], "x")
		t.read("Read", roadTo["unread reset"], 64)
	})
	part("write", func(t *transcript) {
		n, err := roadTo["write"].Write(make([]byte, manyBytes))
		t.count("pending Write", n, err)
		<-on
	})
	part("write reset", func(t *transcript) {
		n, err := roadTo["write reset"].Write(make([]byte, manyBytes))
		t.line("pending Write: some=%v all=%v%s", n > 0, n == manyBytes, suffix(err))
		<-on
		t.write("Write", roadTo["write reset"], "x")
		t.read("Read", roadTo["write reset"], 64)
	})
	part("deadline", func(t *transcript) {
		c := roadTo["deadline"]
		c.SetReadDeadline(inMs(deadlineMs))
		t.read("pending Read", c, 64)
		<-on
		t.read("Read", c, 64)
		c.SetReadDeadline(time.Time{})
		t.read("Read", c, 64)
	})
	part("accept", func(t *transcript) {
		for i := 0; i < 3; i++ {
			c, err := accept.Accept()
			if err != nil {
				panic(err)
			}
			if i == 0 {
				<-on
			}
			t.read("Read", c, 64)
			t.read("Read", c, 64)
		}
	})
	part("accept deadline", func(t *transcript) {
		acceptDeadline.SetDeadline(inMs(deadlineMs))
		_, err := acceptDeadline.Accept()
		t.err("pending Accept", err)
		<-on
		acceptDeadline.SetDeadline(time.Time{})
		_, err = acceptDeadline.Accept()
		t.err("Accept", err)
	})
	part("dial", func(t *transcript) {
		_, err := net.DialTimeout("tcp", swallowed, deadlineMs*time.Millisecond)
		t.err("pending DialTimeout", err)
	})
	part("packets", func(t *transcript) {
		b := make([]byte, 64)
		for i := 0; i < 3; i++ {
			n, from, err := packet.ReadFrom(b)
			t.line("ReadFrom: n=%d data=%s%s", n, quote(string(b[:n])), suffix(err))
			t.address("from", from)
			if i == 0 {
				<-on
			}
		}
	})
	part("overflow", func(t *transcript) {
		<-on
		b := make([]byte, 2000)
		overflow.SetReadDeadline(inMs(500))
		got, isFirst := 0, true
		for {
			n, _, err := overflow.ReadFrom(b)
			if err != nil {
				t.err("ReadFrom", err)
				break
			}
			i, _ := strconv.Atoi(string(b[:n][:len(strconv.Itoa(got))]))
			isFirst = isFirst && i == got
			got++
		}
		t.line("got some=%v all=%v the first ones=%v", got > 0, got == packets, isFirst)
	})

	pass(100)
	tell(map[string]string{
		"accept":          accept.Addr().String(),
		"accept deadline": acceptDeadline.Addr().String(),
		"packets":         packet.LocalAddr().String(),
		"overflow":        overflow.LocalAddr().String(),
	})
	var word string
	hear(&word)
	close(on)
	all.Wait()
	lines := []string{}
	for _, t := range parts {
		lines = append(lines, t.lines...)
	}
	tell(lines)
}
