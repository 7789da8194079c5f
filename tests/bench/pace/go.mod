// SPDX-License-Identifier: MIT

module bench/pace

go 1.18
