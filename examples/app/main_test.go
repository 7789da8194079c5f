// SPDX-License-Identifier: MIT
package main

import (
	"net/http/httptest"
	"testing"
)

func TestGreetByName(t *testing.T) {
	answer := httptest.NewRecorder()
	greet(answer, httptest.NewRequest("GET", "/?name=gopher", nil))
	if got := answer.Body.String(); got != "hello, gopher\n" {
		t.Errorf("got %q", got)
	}
}
