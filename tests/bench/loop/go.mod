// SPDX-License-Identifier: MIT

module bench/loop

go 1.18
