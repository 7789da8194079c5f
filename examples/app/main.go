// SPDX-License-Identifier: MIT
// Greeter is the small service that all recipes build: GET /?name=you answers with a greeting.
//
//	greeter [-listen ADDRESS]
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
)

// Version is set by the linker: -ldflags="-X main.Version=1.2.3".
var Version = "unknown"

func greet(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "stranger"
	}
	fmt.Fprintf(w, "hello, %s\n", name)
}

func main() {
	address := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	version := flag.Bool("version", false, "print the version")
	flag.Parse()
	if *version {
		fmt.Println("greeter", Version)
		return
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(greet)))
}
