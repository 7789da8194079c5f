// SPDX-License-Identifier: MIT

// A program that holds every function of the builtin definitions; never run.
package main

import (
	"context"
	"crypto/tls"
	"database/sql"
	"net/http"
	"os"
)

func database(ctx context.Context) {
	db, _ := sql.Open(os.Args[1], "")
	db.PingContext(ctx)
	db.Query("", 1)
	db.Exec("", 1)
	stmt, _ := db.Prepare("")
	stmt.Query(1)
	stmt.Exec(1)
	tx, _ := db.Begin()
	tx.Commit()
	tx.Rollback()
}

func main() {
	defer func() { recover() }()
	database(context.Background())
	text()
	for _, call := range newer {
		call()
	}
	waits()
	files()
	defer processes()
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	go http.ListenAndServeTLS("", "", "", nil)
	conn, _ := tls.Dial("tcp", "", nil)
	conn.Close()
	http.Get("")
}
