// SPDX-License-Identifier: MIT
// Runs the script of a flame graph on as much of a browser as it needs, and uses it: draws,
// zooms by a click, goes back by Esc, searches. node tests/trace/flame.js FILE.html
"use strict";
const assert = require("assert");
const text = require("fs").readFileSync(process.argv[2], "utf8");
const ids = {};

class Element {
  constructor(kind) {
    Object.assign(this, { kind, children: [], attributes: {}, classes: new Set(), textContent: "" });
    this.clientWidth = 1000;
    this.classList = { toggle: (name, on) => this.classes[on ? "add" : "delete"](name) };
  }
  setAttribute(name, value) { this.attributes[name] = value; }
  appendChild(child) { this.children.push(child); }
  replaceChildren() { this.children = []; }
}

global.document = {
  getElementById: id => ids[id] || (ids[id] = new Element(id)),
  createElementNS: (space, kind) => new Element(kind),
};
global.window = {};
eval.call(null, text.match(/<script>\n([\s\S]*)<\/script>/)[1].replace('"use strict";', ""));

// The frames that are drawn: what their tooltips begin with, and their rectangles.
const drawn = () => ids.graph.children.map(group => ({ group,
  name: group.children.find(child => child.kind === "title").textContent.split("  ")[0],
  rect: group.children[0].attributes }));
const named = name => drawn().filter(frame => frame.name === name);

assert.match(ids.about.textContent, /^5 in all\. /);
assert.equal(named("all")[0].rect.width, 1000);
assert.equal(named("main.config").length, 1);
assert.equal(named("main.deep").length, 5);
assert.equal(named("main.config")[0].rect.width, 600); // 3 of 5
assert.equal(named("main.deep")[4].rect.y, named("main.deep")[0].rect.y + 4 * 19);
named("main.deep")[0].group.onmouseenter();
assert.match(ids.about.textContent, /main\.deep .*main\.go .* 2, 40\.00% of all/);
named("main.deep")[0].group.onclick();
assert.equal(named("main.config").length, 0);
assert.equal(named("main.deep")[0].rect.width, 1000);
assert.equal(ids.whole.hidden, false);
document.onkeydown({ key: "Escape" });
assert.equal(named("main.config").length, 1);
ids.find.oninput({ target: { value: "main\\.conf" } });
assert.equal(ids.found.textContent, "3, 60.00%");
assert.ok(named("main.config")[0].group.classes.has("hit"));
ids.find.oninput({ target: { value: "(deep" } }); // no regular expression
assert.equal(ids.found.textContent, "0, 0.00%");
console.log(`${drawn().length} frames`);
