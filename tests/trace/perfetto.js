// SPDX-License-Identifier: MIT
// Asks Perfetto's own trace processor about a file: node perfetto.js UI_FOLDER FILE QUERY...
// Prints the rows of each query as one line of JSON. UI_FOLDER is a build of its user
// interface, in which the processor is a WebAssembly module that runs in a worker of a browser;
// here the worker is a context that has what the module asks for. It takes and gives streams of
// protobuf messages, TraceProcessorRpc, of which only the few fields below matter.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const APPEND = 1, FINALIZE = 2, QUERY = 3; // TraceProcessorRpc.request
const [folder, file, ...queries] = process.argv.slice(2);

// The module is read from its folder, as if it came by HTTP.
class LocalRequest {
  open(method, url) { this.name = path.basename(url); }
  send() { this.response = Uint8Array.from(fs.readFileSync(path.join(folder, this.name))).buffer; }
}

function startWorker() {
  const quiet = { log() {}, warn() {}, error: console.error };
  const worker = { console: quiet, XMLHttpRequest: LocalRequest, WebAssembly, TypeError, Error,
    TextDecoder, TextEncoder, setTimeout, performance, URL, Uint8Array, crypto,
    importScripts() {}, location: { href: 'file:///engine_bundle.js' } };
  worker.self = worker;
  worker.WorkerGlobalScope = function WorkerGlobalScope() {};
  vm.runInNewContext(fs.readFileSync(path.join(folder, 'engine_bundle.js'), 'utf8'), worker);
  return worker;
}

function varint(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push(number % 128 + 128);
  return Buffer.from([...bytes, number]);
}

const putNumber = (field, number) => Buffer.concat([varint(field * 8), varint(number)]);
const putBytes = (field, bytes) =>
  Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);

// All varints in the bytes, from `at` as many as `most`; and where the last one ends.
function varints(bytes, at = 0, most = Infinity) {
  const numbers = [];
  while (at < bytes.length && numbers.length < most) {
    let number = 0n, shift = 0n;
    for (let byte = 128; byte > 127; shift += 7n) {
      byte = bytes[at++];
      number |= BigInt(byte & 127) << shift;
    }
    numbers.push(Number(BigInt.asIntN(64, number)));
  }
  return [numbers, at];
}

// [field, number or bytes] for each field of a message.
function fields(bytes) {
  const found = [];
  for (let at = 0, value; at < bytes.length;) {
    const [[key], behind] = varints(bytes, at, 1);
    const [[number], end] = varints(bytes, behind, 1);
    if (key % 8 === 0) [value, at] = [number, end];
    else if (key % 8 === 2) [value, at] = [bytes.subarray(end, end + number), end + number];
    else throw new Error(`wire type ${key % 8}`);
    found.push([Math.floor(key / 8), value]);
  }
  return found;
}

// Cells come row by row, and their values by type, each in order.
function readBatch(batch, width, rows) {
  const of = (field) => batch.filter(([f]) => f === field).map(([, value]) => value);
  const cells = of(1).flatMap((bytes) => varints(bytes)[0]);
  const numbers = of(2).flatMap((bytes) => varints(bytes)[0]);
  const texts = of(5).flatMap((bytes) => bytes.toString().split('\0'));
  for (const cell of cells) {
    if (!rows.length || rows[rows.length - 1].length === width) rows.push([]);
    if (cell !== 1 && cell !== 2 && cell !== 4) throw new Error(`cell of type ${cell}`);
    rows[rows.length - 1].push(cell === 1 ? null : cell === 2 ? numbers.shift() : texts.shift());
  }
}

class Processor {
  constructor(worker) {
    this.sent = 0;
    this.received = [];
    this.port = { postMessage: (bytes) => this.received.push(Buffer.from(bytes)) };
    worker.onmessage({ data: this.port });
  }

  // The answers, each as its fields.
  request(method, ...more) {
    const message = [putNumber(1, ++this.sent), putNumber(2, method), ...more];
    this.port.onmessage({ data: Uint8Array.from(putBytes(1, Buffer.concat(message))) });
    const answers = fields(Buffer.concat(this.received)).map(([, answer]) => fields(answer));
    this.received = [];
    for (const [field, value] of answers.flat()) if (field === 5) throw new Error(`${value}`);
    return answers;
  }

  load(bytes) {
    for (let at = 0; at < bytes.length; at += 1 << 20)
      this.request(APPEND, putBytes(101, bytes.subarray(at, at + (1 << 20))));
    this.request(FINALIZE);
  }

  query(sql) {
    const rows = [];
    let width = 0;
    for (const [field, result] of this.request(QUERY, putBytes(103, putBytes(1, Buffer.from(sql))))
      .flat().filter(([f]) => f === 203))
      for (const [part, value] of fields(result)) {
        if (part === 1) width++;
        if (part === 2 && value.length) throw new Error(`${sql}: ${value}`);
        if (part === 3) readBatch(fields(value), width, rows);
      }
    return rows;
  }
}

const worker = startWorker();
setTimeout(() => { // when the module has said that it is ready
  const processor = new Processor(worker);
  processor.load(fs.readFileSync(file));
  for (const sql of queries) console.log(JSON.stringify(processor.query(sql)));
  process.exit(0);
}, 200);
