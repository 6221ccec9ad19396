// Vectors makes every call of vectors-open.json again, with this Go, and prints those that answer otherwise than the file says:
//
//	CGO_ENABLED=0 go run ./vectors ../vectors-open.json
//
// It exits with 1 if there are any. Nothing asks a name server. It is for Linux, whose errnos the file names. What Go reads in
// the files of a machine, and what another version of Go answers otherwise, is skipped and counted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strings"
)

// vector is one call: arguments, results in Go's order without the error, and the error.
type vector struct {
	ID   string
	Fn   string
	In   []any
	Out  []any
	Err  any
	Tags []string
}

// recordedBy starts the name of every Go that answers as the vectors tagged "version" do.
const recordedBy = "go1.19"

// reasonToSkip says why v cannot be asked of this machine or this Go, or "".
func reasonToSkip(v vector) string {
	for _, tag := range v.Tags {
		if strings.HasPrefix(tag, "env:") {
			return tag
		}
		if tag == "version" && !sameVersion(runtime.Version()) {
			return tag
		}
	}
	return ""
}

func sameVersion(version string) bool {
	return version == recordedBy || strings.HasPrefix(version, recordedBy+".")
}

// answer makes the call of v. A panic is an answer too, one that no vector has.
func answer(v vector) (out []any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	f, ok := calls[v.Fn]
	if !ok {
		return nil, errors.New("there is no such function here")
	}
	return f(v.In)
}

// plain is v as it would be after a way through a JSON file.
func plain(v any) any {
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		panic(err)
	}
	return v
}

// text writes v down as the file does.
func text(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSpace(b.String())
}

// difference says how Go answers v otherwise, or "".
func difference(v vector) string {
	out, err := answer(v)
	var shape any
	if err != nil {
		shape = shapeOf(err)
	}
	want := []any{v.Out, v.Err}
	got := plain([]any{out, shape})
	if reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf("%s %s(%s)\nwant %s\n got %s", v.ID, v.Fn, strings.Trim(text(v.In), "[]"), text(want), text(got))
}

func readVectors(path string) ([]vector, error) {
	var file struct {
		Meta    struct{ Count int }
		Vectors []vector
	}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &file)
	}
	if err == nil && file.Meta.Count != len(file.Vectors) {
		err = fmt.Errorf("%s has %d vectors and says %d", path, len(file.Vectors), file.Meta.Count)
	}
	return file.Vectors, err
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vectors vectors-open.json")
		os.Exit(2)
	}
	vectors, err := readVectors(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// What would ask a name server must fail at once and show as a difference, whatever network there is.
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("a vector asks a name server")
		},
	}

	same, differ := 0, 0
	skipped := map[string]int{}
	for _, v := range vectors {
		if tag := reasonToSkip(v); tag != "" {
			skipped[tag]++
		} else if d := difference(v); d != "" {
			fmt.Println(d)
			differ++
		} else {
			same++
		}
	}
	fmt.Printf("%d vectors the same, %d differ%s\n", same, differ, listed(skipped))
	if differ > 0 {
		os.Exit(1)
	}
}

// listed names what was skipped: ", skipped 2 env:/etc/hosts".
func listed(skipped map[string]int) string {
	parts := []string{}
	for tag, n := range skipped {
		parts = append(parts, fmt.Sprintf("%d %s", n, tag))
	}
	if len(parts) == 0 {
		return ""
	}
	sort.Strings(parts)
	return ", skipped " + strings.Join(parts, ", ")
}
