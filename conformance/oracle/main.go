// Oracle records what Go does where gonet must do the same: go run . > ../transcripts-more.json, inside netns-run.sh up.
// Each scenario here has a twin of the same name in ../scenarios.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

type scenario struct {
	name string
	run  func(t *transcript)
}

var scenarios []scenario

func register(name string, run func(t *transcript)) {
	scenarios = append(scenarios, scenario{name, run})
}

// transcript collects the lines of one scenario.
type transcript struct {
	mu      sync.Mutex
	lines   []string
	quirks  []int
	ports   map[string]string
	closers []func() error
	hidden  [][2]string
}

var digits = regexp.MustCompile(`:(\d+)\b`)

// line adds a line; ports in it get their names.
func (t *transcript) line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := strings.ReplaceAll(fmt.Sprintf(format, args...), "*net.", "")
	for _, h := range t.hidden {
		s = strings.ReplaceAll(s, h[0], h[1])
	}
	t.lines = append(t.lines, digits.ReplaceAllStringFunc(s, func(m string) string {
		if name, ok := t.ports[m[1:]]; ok {
			return ":<" + name + ">"
		}
		if n, _ := strconv.Atoi(m[1:]); n >= 40000 && n <= 49999 {
			return ":<eph>"
		}
		return m
	}))
}

// quirk says that the last line is not asked of gonet.
func (t *transcript) quirk() { t.quirks = append(t.quirks, len(t.lines)-1) }

func (t *transcript) named(name string, a net.Addr) string {
	_, port, _ := net.SplitHostPort(a.String())
	t.ports[port] = name
	return port
}

// hide has name stand for text in all later lines.
func (t *transcript) hide(text, name string) { t.hidden = append(t.hidden, [2]string{text, name}) }

func (t *transcript) err(label string, err error) { t.line("%s: %s", label, errorText(err)) }

func (t *transcript) count(label string, n int, err error) {
	t.line("%s: n=%d%s", label, n, suffix(err))
}

func (t *transcript) read(label string, c net.Conn, size int) {
	b := make([]byte, size)
	n, err := c.Read(b)
	t.line("%s: n=%d data=%s%s", label, n, quote(string(b[:n])), suffix(err))
}

func (t *transcript) write(label string, c net.Conn, s string) {
	n, err := c.Write([]byte(s))
	t.count(label, n, err)
}

func (t *transcript) address(label string, a net.Addr) { t.line("%s: %s", label, addressText(a)) }

func (t *transcript) later(c interface{ Close() error }) { t.closers = append(t.closers, c.Close) }

// listen listens on a free port of loopback, which gets that name.
func (t *transcript) listen(name string) *net.TCPListener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	t.later(l)
	t.named(name, l.Addr())
	return l.(*net.TCPListener)
}

func (t *transcript) dial(l net.Listener) *net.TCPConn {
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	t.later(c)
	return c.(*net.TCPConn)
}

// pair is a connection on loopback: the client's end and the server's. The ports are cli and srv.
func (t *transcript) pair() (c, s *net.TCPConn) {
	l := t.listen("srv")
	c = t.dial(l)
	s, err := l.AcceptTCP()
	if err != nil {
		panic(err)
	}
	t.later(s)
	t.named("cli", c.LocalAddr())
	l.Close()
	return c, s
}

func pass(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }

func inMs(ms int) time.Time { return time.Now().Add(time.Duration(ms) * time.Millisecond) }

var past = time.Unix(1, 0)

func main() {
	if os.Getenv(stoppedEnv) != "" {
		stopped()
		return
	}
	pattern := regexp.MustCompile(strings.Join(os.Args[1:], "|"))
	found := map[string]any{}
	for _, s := range scenarios {
		if !pattern.MatchString(s.name) {
			continue
		}
		t := &transcript{ports: map[string]string{}, quirks: []int{}}
		s.run(t)
		for i := len(t.closers) - 1; i >= 0; i-- {
			t.closers[i]()
		}
		found[s.name] = map[string]any{"lines": t.lines, "optional": t.quirks}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	out.Encode(map[string]any{"meta": map[string]string{"go": runtime.Version()}, "scenarios": found})
}

// inputs reads what both sides try.
func inputs(into any) {
	_, file, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "addresses.json"))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		panic(err)
	}
}
