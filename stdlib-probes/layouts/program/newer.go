// SPDX-License-Identifier: MIT
package main

// newer calls what only newer releases have.
var newer []func()
