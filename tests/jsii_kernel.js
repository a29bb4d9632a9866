// The kernel of jsii in the process that Python starts.
//
// jsii's own jsii-runtime.js starts the kernel as a process of its own and copies each message to
// it and from it; that took a third of the time of a synth. The kernel reads and writes at file
// descriptor 3; what apps print goes to Python as lines of JSON, as jsii-runtime.js sends it.
"use strict";

const fs = require("node:fs");

const { readSync, writeSync } = fs;
fs.readSync = (descriptor, ...rest) => readSync(descriptor === 3 ? 0 : descriptor, ...rest);
fs.writeSync = (descriptor, ...rest) => writeSync(descriptor === 3 ? 1 : descriptor, ...rest);

for (const name of ["stdout", "stderr"]) {
  process[name].write = (chunk, encoding, callback) => {
    const content = Buffer.from(chunk, typeof encoding === "string" ? encoding : undefined);
    writeSync(2, `${JSON.stringify({ [name]: content.toString("base64") })}\n`);
    const done = typeof encoding === "function" ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  };
}

// NODE_PRESERVE_SYMLINKS has the effect; the kernel links packages in place of copying them if it
// sees the flag.
process.execArgv.push("--preserve-symlinks");

require("../lib/program.js");
